import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { errorNumber } from '../data/database-error.ts'
import { identifier } from '../data/sql-text.ts'
import type { Change } from './change.ts'
import type { CheckpointHolder } from './checkpoint.ts'

type Stream = Pick<CheckpointHolder, 'controlSchema' | 'capability' | 'direction'>

/** Keeps a change that could not be applied, with its payload. Parking it again counts an attempt. */
export async function parkChange(
  connection: Connection,
  stream: Stream,
  change: Change,
  error: unknown,
): Promise<void> {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const number = errorNumber(cause)
  const code = isToolkitError(cause)
    ? cause.code
    : number === undefined
      ? 'MAPPING_FAILED'
      : `DATABASE_${number}`
  await connection.query(
    `INSERT INTO ${identifier(stream.controlSchema)}.parked_change
       (capability, direction, gtid, change_order, source_schema, source_table, payload, code, message, attempts, parked_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, NOW(6))
     ON DUPLICATE KEY UPDATE payload = VALUES(payload), code = VALUES(code), message = VALUES(message),
       attempts = attempts + 1, parked_at = VALUES(parked_at), resolved_at = NULL`,
    [
      stream.capability,
      stream.direction,
      change.source.gtid,
      change.order,
      change.source.db,
      change.source.table,
      JSON.stringify(change, bytesAsBase64),
      code,
      cause instanceof Error ? cause.message : String(cause),
    ],
  )
}

export async function countParked(connection: Connection, stream: Stream): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT COUNT(*) parked FROM ${identifier(stream.controlSchema)}.parked_change
      WHERE capability = ? AND direction = ? AND resolved_at IS NULL AND skipped_at IS NULL`,
    [stream.capability, stream.direction],
  )
  return Number(rows[0]!.parked)
}

/** The stream has got past them: what was parked has been applied after all. */
export async function resolveParked(connection: Connection, stream: Stream): Promise<void> {
  await connection.query(
    `UPDATE ${identifier(stream.controlSchema)}.parked_change SET resolved_at = NOW(6)
      WHERE capability = ? AND direction = ? AND resolved_at IS NULL`,
    [stream.capability, stream.direction],
  )
}

/** JSON.stringify shows a Buffer as a list of numbers before a replacer sees it. */
function bytesAsBase64(_key: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer')
    return { base64: Buffer.from((value as { data: number[] }).data).toString('base64') }
  return value
}
