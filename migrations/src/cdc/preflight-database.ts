import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Connection } from 'mysql2/promise'
import { connectToolkit, type Database } from '../data/database.ts'
import type { TableMapping } from '../data/table-mapping.ts'
import { checkApplier, checkServer, checkToolkitRights } from './preflight-server.ts'
import { checkForeignKeys, checkTables, checkTriggers } from './preflight-tables.ts'

/** Why a step may not run. */
export type DatabaseRefusal = {
  code: string
  message: string
  details: Readonly<Record<string, unknown>>
}

/**
 * Everything about the databases that would make sync, fence or rollback unsafe; empty when nothing would. Each side is
 * looked at as source and as target, since a rollback needs both. Reads only.
 * @param options.soakSeconds how long the binlog must reach back
 */
export async function preflightDatabases(options: {
  tables: readonly TableMapping[]
  legacy: Database
  extracted: Database
  soakSeconds: number
}): Promise<DatabaseRefusal[]> {
  const refusals: DatabaseRefusal[] = []
  for (const side of ['legacy', 'extracted'] as const) {
    const database = options[side]
    const tables = options.tables.map(mapping => mapping[side])
    let connection: Connection
    try {
      connection = await connectToolkit(database)
    } catch (error) {
      refusals.push({
        code: 'DATABASE_UNREACHABLE',
        message: messageOf(error),
        details: { database: database.name },
      })
      continue
    }
    try {
      refusals.push(
        ...(await checkServer(connection, database, options.soakSeconds)),
        ...(await checkToolkitRights(connection, database)),
        ...(await checkTables(connection, database, tables)),
        ...(await checkForeignKeys(connection, database, tables)),
        ...(await checkTriggers(connection, database, tables)),
        ...(await checkApplier(database, side === 'extracted' ? 'forward' : 'reverse', tables)),
      )
    } finally {
      connection.destroy()
    }
  }
  return refusals
}
