import type { Connection } from 'mysql2/promise'
import { connectToolkit, type Database } from '../data/database.ts'
import { identifier } from '../data/sql-text.ts'
import type { Sides } from '../operator/supervise-sync.ts'

/** A run that is interrupted is finished by its own signals: those of the last hour stay. */
const keptSeconds = 3_600

/** Forgets fence and canary rows of earlier runs on both servers; heartbeats replace themselves. Repeating it is fine. */
export async function cleanSignals(sides: Sides, capability: string): Promise<void> {
  await onEach(sides, async (connection, table) => {
    await connection.query(
      `DELETE FROM ${table('signal')} WHERE capability = ? AND kind <> 'heartbeat' AND at < UTC_TIMESTAMP(3) - INTERVAL ? SECOND`,
      [capability, keptSeconds],
    )
    await connection.query(
      `DELETE FROM ${table('applied_signal')} WHERE capability = ? AND applied_at < UTC_TIMESTAMP(3) - INTERVAL ? SECOND`,
      [capability, keptSeconds],
    )
  })
}

/** Leaves nothing of a probe, which has a name of its own. */
export async function forgetProbe(sides: Sides, probe: string): Promise<void> {
  await onEach(sides, async (connection, table) => {
    for (const name of ['signal', 'applied_signal', 'checkpoint'])
      await connection.query(`DELETE FROM ${table(name)} WHERE capability = ?`, [probe])
  })
}

async function onEach(
  sides: Sides,
  clean: (connection: Connection, table: (name: string) => string) => Promise<void>,
): Promise<void> {
  const on = async (database: Database) => {
    const connection = await connectToolkit(database)
    try {
      await clean(connection, name => `${identifier(database.controlSchema)}.${identifier(name)}`)
    } finally {
      connection.destroy()
    }
  }
  await Promise.all([on(sides.legacy), on(sides.extracted)])
}
