import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import type { Database } from '../data/database.ts'
import { formatKey, type Key, parseKey } from '../data/row-key.ts'
import { identifier } from '../data/sql-text.ts'
import type { Direction } from '../data/table-mapping.ts'
import { stale } from './checkpoint.ts'

export type BackfillRecord = {
  epoch: number
  lastKey: Key | null
  rowsDone: number
  /** Snapshot of the first chunk, and of the last. */
  firstPosition: string
  lastPosition: string
  finished: boolean
}

type Copied = { capability: string; direction: Direction; target: Database; epoch: number }

/** By source table. */
export async function readRecords(
  connection: Connection,
  copied: Omit<Copied, 'epoch'>,
): Promise<Map<string, BackfillRecord>> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT * FROM ${table(copied)} WHERE capability = ? AND direction = ?`,
    [copied.capability, copied.direction],
  )
  return new Map(
    rows.map(row => [
      row.source_table,
      {
        epoch: Number(row.epoch),
        lastKey: row.last_key === null ? null : parseKey(row.last_key),
        rowsDone: Number(row.rows_done),
        firstPosition: row.first_position,
        lastPosition: row.last_position,
        finished: row.finished_at !== null,
      },
    ]),
  )
}

/** Makes `holder` the run that copies; one of an older epoch, or an earlier run, is refused from then on. */
export async function takeRecords(
  connection: Connection,
  copied: Copied,
  tables: readonly string[],
  holder: string,
  snapshot: string,
): Promise<void> {
  const seen = [...(await readRecords(connection, copied)).values()].map(record => record.epoch)
  const highest = Math.max(copied.epoch, ...seen)
  if (highest > copied.epoch) throw stale(copied, highest)
  for (const name of tables)
    await connection.query(
      `INSERT INTO ${table(copied)}
         (capability, direction, source_table, epoch, holder, last_key, rows_done, first_position, last_position, finished_at)
       VALUES (?, ?, ?, ?, ?, NULL, 0, ?, ?, NULL)
       ON DUPLICATE KEY UPDATE epoch = VALUES(epoch), holder = VALUES(holder),
         first_position = IF(rows_done = 0 AND finished_at IS NULL, VALUES(first_position), first_position),
         last_position = IF(rows_done = 0 AND finished_at IS NULL, VALUES(last_position), last_position)`,
      [copied.capability, copied.direction, name, copied.epoch, holder, snapshot, snapshot],
    )
}

/**
 * First statement of each chunk's transaction.
 * @throws ToolkitError BACKFILL_FENCED
 */
export async function lockRecord(
  connection: Connection,
  copied: Copied,
  sourceTable: string,
  holder: string,
): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT holder FROM ${table(copied)} WHERE capability = ? AND direction = ? AND source_table = ? FOR UPDATE`,
    [copied.capability, copied.direction, sourceTable],
  )
  if (rows[0]?.holder !== holder)
    throw new ToolkitError('BACKFILL_FENCED', `another run copies ${copied.capability} now`, {
      details: { table: sourceTable },
    })
}

export async function moveRecord(
  connection: Connection,
  copied: Copied,
  sourceTable: string,
  chunk: { lastKey: Key; rows: number; lastPosition: string },
): Promise<void> {
  await connection.query(
    `UPDATE ${table(copied)} SET last_key = ?, rows_done = rows_done + ?, last_position = ?
      WHERE capability = ? AND direction = ? AND source_table = ?`,
    [
      formatKey(chunk.lastKey),
      chunk.rows,
      chunk.lastPosition,
      copied.capability,
      copied.direction,
      sourceTable,
    ],
  )
}

/** @throws ToolkitError BACKFILL_FENCED */
export async function finishTable(
  connection: Connection,
  copied: Copied,
  sourceTable: string,
  holder: string,
): Promise<void> {
  await connection.query('START TRANSACTION')
  await lockRecord(connection, copied, sourceTable, holder)
  await connection.query(
    `UPDATE ${table(copied)} SET finished_at = NOW(6) WHERE capability = ? AND direction = ? AND source_table = ?`,
    [copied.capability, copied.direction, sourceTable],
  )
  await connection.query('COMMIT')
}

/** Also the checkpoint: its position means nothing without the rows. */
export async function clearRecords(connection: Connection, copied: Copied): Promise<void> {
  const control = identifier(copied.target.controlSchema)
  const stream = 'WHERE capability = ? AND direction = ?'
  const names = [copied.capability, copied.direction]
  for (const name of ['backfill', 'checkpoint'])
    await connection.query(`DELETE FROM ${control}.${name} ${stream} AND epoch <= ?`, [
      ...names,
      copied.epoch,
    ])
  await connection.query(`DELETE FROM ${control}.parked_change ${stream}`, names)
}

function table(copied: Pick<Copied, 'target'>): string {
  return `${identifier(copied.target.controlSchema)}.backfill`
}
