import type { Connection, RowDataPacket } from 'mysql2/promise'
import { identifier } from '../data/sql-text.ts'
import type { CheckpointHolder } from './checkpoint.ts'
import type { SeenSignal } from './signal-table.ts'

type Stream = Pick<CheckpointHolder, 'controlSchema' | 'capability' | 'direction'>

/** Part of the transaction that applies them, so that a restarted engine knows what has come through. */
export async function storeAppliedSignals(
  connection: Connection,
  stream: Stream,
  signals: readonly SeenSignal[],
): Promise<void> {
  for (const { id, kind, epoch } of signals)
    if (kind !== 'heartbeat')
      await connection.query(
        `INSERT IGNORE INTO ${identifier(stream.controlSchema)}.applied_signal
           (id, capability, direction, kind, epoch, applied_at) VALUES (?, ?, ?, ?, ?, NOW(6))`,
        [id, stream.capability, stream.direction, kind, epoch],
      )
}

/** Ids of the newest signals that came through this stream. */
export async function readAppliedSignals(connection: Connection, stream: Stream): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT id FROM ${identifier(stream.controlSchema)}.applied_signal
      WHERE capability = ? AND direction = ? ORDER BY applied_at DESC LIMIT 100`,
    [stream.capability, stream.direction],
  )
  return rows.map(row => row.id)
}
