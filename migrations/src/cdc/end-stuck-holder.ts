import type { RowDataPacket } from 'mysql2/promise'
import { applierUser, connectToolkit, type Database } from '../data/database.ts'
import { type CheckpointHolder, holderConnection } from './checkpoint.ts'

/**
 * Ends the session of the applier that holds the checkpoint: a process that was halted in the middle of a transaction
 * would keep the row locked. One that is alive merely begins again, and is told that it was replaced.
 * Sessions of a higher epoch are left alone.
 */
export async function endStuckHolder(
  target: Database,
  held: Omit<CheckpointHolder, 'holder'>,
): Promise<void> {
  const connection = await connectToolkit(target)
  try {
    const before = await holderConnection(connection, held)
    if (before === undefined || before.epoch > held.epoch) return
    const [sessions] = await connection.query<RowDataPacket[]>(
      'SELECT ID id FROM information_schema.PROCESSLIST WHERE ID = ? AND USER = ?',
      [before.connectionId, applierUser(target)],
    )
    if (sessions.length > 0) await connection.query(`KILL ${Number(before.connectionId)}`).catch(() => {})
  } finally {
    await connection.end()
  }
}
