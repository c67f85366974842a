import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { connectToolkit, type Database } from '../data/database.ts'
import { identifier } from '../data/sql-text.ts'
import type { Change, Transaction } from './change.ts'
import type { CheckpointHolder } from './checkpoint.ts'

type Stream = Pick<CheckpointHolder, 'controlSchema' | 'capability' | 'direction'>

/** A change that a stream stands still before. */
export type ParkedChange = {
  id: number
  direction: string
  gtid: string
  order: number
  table: string
  /** JSON with the values of the row, bytes as base64: it may hold personal data. */
  payload: string
  code: string
  message: string
  attempts: number
  parkedAt: string
}

/** Parked changes of a capability, whichever way, that are neither applied nor skipped; oldest first, at most 100. */
export async function listParked(target: Database, capability: string): Promise<ParkedChange[]> {
  const connection = await connectToolkit(target)
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT id, direction, gtid, change_order, CONCAT(source_schema, '.', source_table) AS source, payload, code, message,
              attempts, parked_at
         FROM ${identifier(target.controlSchema)}.parked_change
        WHERE capability = ? AND resolved_at IS NULL AND skipped_at IS NULL ORDER BY id LIMIT 100`,
      [capability],
    )
    return rows.map(row => ({
      id: Number(row.id),
      direction: row.direction,
      gtid: row.gtid,
      order: row.change_order,
      table: row.source,
      payload: row.payload,
      code: row.code,
      message: row.message,
      attempts: row.attempts,
      parkedAt: row.parked_at,
    }))
  } finally {
    await connection.end()
  }
}

/**
 * Decides that a parked change is never applied; the sync passes over it at its next start. The row differs between the
 * sides from then on, until somebody mends it: a verification will say so.
 * @throws ToolkitError PARKED_UNKNOWN, REASON_MISSING
 */
export async function skipParked(
  target: Database,
  capability: string,
  id: number,
  decision: { by: string; reason: string },
): Promise<void> {
  if (decision.reason.trim() === '')
    throw new ToolkitError('REASON_MISSING', 'a change is left out only for a reason', {
      hint: 'say why the row may differ, and who will mend it',
    })
  const connection = await connectToolkit(target)
  try {
    const [result] = await connection.query<ResultSetHeader>(
      `UPDATE ${identifier(target.controlSchema)}.parked_change
          SET skipped_at = NOW(6), skipped_by = LEFT(?, 128), skip_reason = LEFT(?, 500)
        WHERE id = ? AND capability = ? AND resolved_at IS NULL AND skipped_at IS NULL`,
      [decision.by, decision.reason, id, capability],
    )
    if (result.affectedRows === 0)
      throw new ToolkitError('PARKED_UNKNOWN', `no parked change ${id} of ${capability} waits for a decision`)
  } finally {
    await connection.end()
  }
}

/** What was decided to be left out and has not been passed yet. */
export async function readSkipped(connection: Connection, stream: Stream): Promise<ReadonlySet<string>> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT gtid, change_order FROM ${identifier(stream.controlSchema)}.parked_change
      WHERE capability = ? AND direction = ? AND resolved_at IS NULL AND skipped_at IS NOT NULL`,
    [stream.capability, stream.direction],
  )
  return new Set(rows.map(row => `${row.gtid}/${row.change_order}`))
}

/** The transactions without the changes that are left out. */
export function withoutSkipped(
  transactions: readonly Transaction[],
  skipped: ReadonlySet<string>,
): readonly Transaction[] {
  if (skipped.size === 0) return transactions
  const isKept = ({ source, order }: Change) => !skipped.has(`${source.gtid}/${order}`)
  return transactions.map(each => ({ ...each, changes: each.changes.filter(isKept) }))
}
