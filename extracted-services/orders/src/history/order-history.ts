import { instantOf, preciseDateTimeOf } from '@strangler/chassis/database/date-time.ts'
import { type Session, withSession, withTransaction } from '@strangler/chassis/database/with-transaction.ts'
import { processOnce } from '@strangler/chassis/inbox/process-once.ts'
import type { Message } from '@strangler/chassis/messaging/message.ts'
import type { Pool } from 'mysql2/promise'
import { changeOf, type HistoryChange, type HistoryInput, inputOf } from './history-entry.ts'

/** The name of the view as a consumer. */
export const historyConsumer = 'orders-history'

export type HistoryEntry = {
  orderId: string
  version: number
  customerId: number
  status: string
  reason: string | null
  lines: { sku: string; quantity: number; unitPrice?: string }[]
  total: string | null
  credit: string | null
  stock: string | null
  placedAt: string
}

export type HistoryQuery = { customerId: number; limit: number; orderId?: string | undefined }

type Table = 'order_history_a' | 'order_history_b'
type InputRow = { position: number; topic: string; order_id: string; type: string; payload: string }
type EntryRow = {
  order_id: string
  version: number
  customer_id: number
  status: string
  reason: string | null
  line_items: string
  total: string | null
  credit: string | null
  stock: string | null
  placed_at: string
}

const columns =
  'order_id, version, customer_id, status, reason, line_items, total, credit, stock, placed_at' as const
const atOnce = 500

/**
 * Adds a message to the history, once.
 * @param now milliseconds since the epoch
 * @throws ToolkitError MESSAGE_INVALID
 */
export async function addToHistory(pool: Pool, message: Message, now: number): Promise<void> {
  const input = inputOf(message)
  if (input === undefined) return
  await processOnce(pool, historyConsumer, message.id, now, async session => {
    // Shared with others who add; a rebuild that is about to swap the tables waits for all of them.
    const live = await liveTable(session, 'LOCK IN SHARE MODE')
    await session.run('INSERT INTO history_inputs (topic, order_id, type, payload) VALUES (?, ?, ?, ?)', [
      input.topic,
      input.orderId,
      input.type,
      JSON.stringify(input.payload),
    ])
    await apply(session, live, input)
  })
}

/** Orders of a customer, latest first; with `orderId` that one alone, if it is the customer's. */
export function readHistory(
  pool: Pool,
  { customerId, limit, orderId }: HistoryQuery,
): Promise<HistoryEntry[]> {
  return withSession(pool, async session => {
    const live = await liveTable(session, '')
    const rows = await session.rows<EntryRow>(
      `SELECT ${columns} FROM ${live} WHERE customer_id = ? AND placed_at IS NOT NULL
       ${orderId === undefined ? '' : 'AND order_id = ?'} ORDER BY placed_at DESC, order_id DESC LIMIT ?`,
      [customerId, ...(orderId === undefined ? [] : [orderId]), limit],
    )
    return rows.map(entryOf)
  })
}

/** How far the history has come with an order: the version of its last event in it, 0 when it knows none. */
export function readHistoryVersion(pool: Pool, orderId: string): Promise<number> {
  return withSession(pool, async session => {
    const live = await liveTable(session, '')
    const [row] = await session.rows<{ version: number }>(`SELECT version FROM ${live} WHERE order_id = ?`, [
      orderId,
    ])
    return row?.version ?? 0
  })
}

/**
 * Fills the shadow table from all inputs and swaps it with the one that is read. Readers see the one or the other; who
 * adds waits only for the end of it.
 * @param now milliseconds since the epoch
 * @returns how many inputs there were
 */
export async function rebuildHistory(pool: Pool, now: number): Promise<number> {
  const live = await withSession(pool, session => liveTable(session, ''))
  const shadow: Table = live === 'order_history_a' ? 'order_history_b' : 'order_history_a'
  await withSession(pool, session => session.run(`TRUNCATE TABLE ${shadow}`))
  let replayed = 0
  let from = 0
  for (;;) {
    // Positions are taken before commit. With the row locked nobody is adding, so whatever is below `upTo` is there.
    const upTo = await withTransaction(pool, async session => {
      await liveTable(session, 'FOR UPDATE')
      const [last] = await session.rows<{ position: number | null }>(
        'SELECT MAX(position) AS position FROM history_inputs',
      )
      return last?.position ?? 0
    })
    if (upTo - from <= atOnce) break
    replayed += await replay(pool, shadow, from, upTo)
    from = upTo
  }
  return withTransaction(pool, async session => {
    await liveTable(session, 'FOR UPDATE')
    const rest = await applyInputs(session, shadow, from, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    await session.run('UPDATE history_control SET live = ?, rebuilt_at = ? WHERE id = 1', [
      shadow.slice(-1),
      preciseDateTimeOf(now),
    ])
    return replayed + rest.count
  })
}

async function replay(pool: Pool, table: Table, after: number, upTo: number): Promise<number> {
  let replayed = 0
  for (let from = after; from < upTo; ) {
    const { count, last } = await withTransaction(pool, session =>
      applyInputs(session, table, from, upTo, atOnce),
    )
    if (count === 0) return replayed
    replayed += count
    from = last
  }
  return replayed
}

async function applyInputs(
  session: Session,
  table: Table,
  after: number,
  upTo: number,
  limit: number,
): Promise<{ count: number; last: number }> {
  const rows = await session.rows<InputRow>(
    `SELECT position, topic, order_id, type, payload FROM history_inputs
     WHERE position > ? AND position <= ? ORDER BY position LIMIT ?`,
    [after, upTo, limit],
  )
  for (const row of rows)
    await apply(session, table, {
      topic: row.topic,
      orderId: row.order_id,
      type: row.type,
      payload: JSON.parse(row.payload) as unknown,
    })
  return { count: rows.length, last: rows.at(-1)?.position ?? after }
}

async function apply(session: Session, table: Table, input: HistoryInput): Promise<void> {
  const change = changeOf(input)
  const sets = Object.entries(valuesOf(change)).filter(([, value]) => value !== undefined)
  const names = sets.map(([name]) => name)
  const values = sets.map(([, value]) => value as string | number)
  // An event of the order that is older than what is known changes nothing, in whatever order they come. Assignments
  // are made from left to right, so the version, which the others look at, comes last.
  const { version } = change
  const updates = names.map(name =>
    version === undefined
      ? `${name} = VALUES(${name})`
      : `${name} = IF(VALUES(version) > version, VALUES(${name}), ${name})`,
  )
  await session.run(
    `INSERT INTO ${table} (order_id, version, ${names.join(', ')}) VALUES (?, ?, ${names.map(() => '?').join(', ')})
     ON DUPLICATE KEY UPDATE ${[...updates, 'version = GREATEST(version, VALUES(version))'].join(', ')}`,
    [input.orderId, version ?? 0, ...values],
  )
}

function valuesOf(change: HistoryChange): Record<string, string | number | undefined> {
  const { customerId, status, reason, lines, total, credit, stock, placedAt } = change
  return {
    customer_id: customerId,
    status,
    reason,
    line_items: lines,
    total,
    credit,
    stock,
    placed_at: placedAt === undefined ? undefined : preciseDateTimeOf(Date.parse(placedAt)),
  }
}

async function liveTable(session: Session, lock: '' | 'LOCK IN SHARE MODE' | 'FOR UPDATE'): Promise<Table> {
  const [row] = await session.rows<{ live: string }>(`SELECT live FROM history_control WHERE id = 1 ${lock}`)
  return row?.live === 'b' ? 'order_history_b' : 'order_history_a'
}

function entryOf(row: EntryRow): HistoryEntry {
  return {
    orderId: row.order_id,
    version: row.version,
    customerId: row.customer_id,
    status: row.status,
    reason: row.reason,
    lines: JSON.parse(row.line_items) as HistoryEntry['lines'],
    total: row.total,
    credit: row.credit,
    stock: row.stock,
    placedAt: instantOf(row.placed_at),
  }
}
