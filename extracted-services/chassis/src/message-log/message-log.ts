import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
import { preciseDateTimeOf } from '../database/date-time.ts'
import { type Session, withSession, withTransaction } from '../database/with-transaction.ts'
import type { Message } from '../messaging/message.ts'
import { type MessageRow, messageColumns, messageOfRow, valuesOfMessage } from '../messaging/message-row.ts'

/** Where the tables' migrations are, for `applyMigrations`. */
export const messageLogMigrations = {
  component: 'message-log',
  folder: fileURLToPath(new URL('../../sql/message-log', import.meta.url)),
}

export type LogEntry = { offset: number; message: Message }

const rowsPerInsert = 100

/** @throws ToolkitError TOPIC_DIFFERS */
export async function createTopic(pool: Pool, topic: string, partitions: number): Promise<void> {
  const numbers = Array.from({ length: partitions }, (_, number) => number)
  const found = await withTransaction(pool, async session => {
    const known = await countPartitions(session, topic)
    if (known > 0) return known
    // Two processes may both come here: each row is made once, by whoever is first.
    await session.run(
      `INSERT INTO log_partitions (topic, partition_no, next_offset)
       VALUES ${numbers.map(() => '(?, ?, 0)').join(', ')} ON DUPLICATE KEY UPDATE next_offset = next_offset`,
      numbers.flatMap(number => [topic, number]),
    )
    return countPartitions(session, topic)
  })
  if (found === partitions) return
  throw new ToolkitError('TOPIC_DIFFERS', `topic ${topic} has ${found} partitions, not ${partitions}`, {
    hint: 'keep the number, or publish to a topic of another name',
    details: { topic, found, asked: partitions },
  })
}

export async function countPartitions(session: Session, topic: string): Promise<number> {
  const [row] = await session.rows<{ n: number }>(
    'SELECT COUNT(*) AS n FROM log_partitions WHERE topic = ?',
    [topic],
  )
  return row?.n ?? 0
}

/** The partition of a key: the same for ever, hence the number of partitions never changes. */
export function partitionOf(key: string, partitions: number): number {
  return createHash('sha256').update(key).digest().readUInt32BE(0) % partitions
}

/**
 * Appends messages, all or none. The row of a partition stays locked from the taking of offsets to the commit, so
 * offsets become visible in their order and without a gap: a reader that remembers an offset misses nothing.
 * @param partitionsOf how many partitions a topic has
 * @param now milliseconds since the epoch
 */
export async function appendMessages(
  pool: Pool,
  messages: readonly Message[],
  partitionsOf: (topic: string) => number,
  now: number,
): Promise<void> {
  const groups = new Map<string, { topic: string; partition: number; rows: string[][] }>()
  for (const message of messages) {
    const partition = partitionOf(message.key, partitionsOf(message.topic))
    const name = `${message.topic}/${String(partition).padStart(6, '0')}`
    const group = groups.get(name) ?? { topic: message.topic, partition, rows: [] }
    group.rows.push(valuesOfMessage(message))
    groups.set(name, group)
  }
  // Everybody locks partitions in the same order, so that publishers don't meet in a deadlock.
  const inOrder = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
  await withTransaction(pool, async session => {
    for (const { topic, partition, rows } of inOrder) await appendTo(session, topic, partition, rows, now)
  })
}

async function appendTo(
  session: Session,
  topic: string,
  partition: number,
  rows: readonly string[][],
  now: number,
): Promise<void> {
  const [head] = await session.rows<{ next_offset: number }>(
    'SELECT next_offset FROM log_partitions WHERE topic = ? AND partition_no = ? FOR UPDATE',
    [topic, partition],
  )
  const first = head!.next_offset
  for (let start = 0; start < rows.length; start += rowsPerInsert) {
    const some = rows.slice(start, start + rowsPerInsert)
    await session.run(
      `INSERT INTO log_messages (partition_no, message_offset, ${messageColumns}, published_at)
       VALUES ${some.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
      some.flatMap((row, index) => [partition, first + start + index, ...row, preciseDateTimeOf(now)]),
    )
  }
  await session.run('UPDATE log_partitions SET next_offset = ? WHERE topic = ? AND partition_no = ?', [
    first + rows.length,
    topic,
    partition,
  ])
}

/** Messages of a partition from an offset on, in order. Those that retention has removed are passed over. */
export function readMessages(
  pool: Pool,
  topic: string,
  partition: number,
  from: number,
  limit: number,
): Promise<LogEntry[]> {
  return withSession(pool, async session => {
    const rows = await session.rows<MessageRow & { message_offset: number }>(
      `SELECT message_offset, ${messageColumns} FROM log_messages
       WHERE topic = ? AND partition_no = ? AND message_offset >= ? ORDER BY message_offset LIMIT ?`,
      [topic, partition, from, limit],
    )
    return rows.map(row => ({ offset: row.message_offset, message: messageOfRow(row) }))
  })
}

/**
 * Removes messages published before `before` (milliseconds since the epoch), read or not, 1000 at a time.
 * @returns how many were removed
 */
export async function removeOldMessages(pool: Pool, before: number): Promise<number> {
  for (let removed = 0; ; ) {
    const { affectedRows } = await withSession(pool, session =>
      session.run('DELETE FROM log_messages WHERE published_at < ? LIMIT 1000', [preciseDateTimeOf(before)]),
    )
    removed += affectedRows
    if (affectedRows < 1000) return removed
  }
}
