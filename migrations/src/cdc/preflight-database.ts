import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Database } from '../data/database.ts'
import type { TableMapping } from '../data/table-mapping.ts'

/** Why a step may not run. */
export type DatabaseRefusal = {
  code: string
  message: string
  details: Readonly<Record<string, unknown>>
}

/**
 * Everything about the databases that would make sync, fence or rollback unsafe; empty when nothing would.
 * Reads only.
 * @param soakSeconds how long the binlog must reach back
 */
export async function preflightDatabases(_options: {
  tables: readonly TableMapping[]
  legacy: Database
  extracted: Database
  soakSeconds: number
}): Promise<DatabaseRefusal[]> {
  throw new ToolkitError('NOT_YET', 'preflightDatabases is being written')
}
