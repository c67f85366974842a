import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
import { instantOf } from '../database/date-time.ts'
import { type Session, withSession, withTransaction } from '../database/with-transaction.ts'
import type { Message } from '../messaging/message.ts'
import { type MessageRow, messageColumns, messageOfRow } from '../messaging/message-row.ts'
import { lockParked, type ParkedKey, releaseKey, removeParked } from './parked-messages.ts'

/** A message that was given up, and where the broker had it. */
export type DeadLetter = {
  readonly consumer: string
  readonly message: Message
  readonly partition: number
  readonly offset: number
  readonly attempts: number
  readonly error: string | null
  /** ISO 8601 in UTC. */
  readonly deadAt: string
  /** Messages of the same key that wait behind it. */
  readonly waiting: number
}

type DeadRow = MessageRow & {
  consumer: string
  partition_no: number
  message_offset: number
  attempts: number
  error: string | null
  dead_at: string
  waiting: number
}

/** Dead letters, oldest first: of one consumer, or of all. */
export async function listDeadLetters(
  pool: Pool,
  { consumer, limit = 100 }: { consumer?: string; limit?: number } = {},
): Promise<DeadLetter[]> {
  const rows = await withSession(pool, session =>
    session.rows<DeadRow>(
      `SELECT consumer, partition_no, message_offset, attempts, error, dead_at, ${messageColumns},
         (SELECT COUNT(*) FROM parked_messages w WHERE w.consumer = d.consumer AND w.topic = d.topic
           AND w.message_key = d.message_key AND w.position > d.position) AS waiting
       FROM parked_messages d WHERE dead_at IS NOT NULL AND consumer = COALESCE(?, consumer)
       ORDER BY position LIMIT ?`,
      [consumer ?? null, limit],
    ),
  )
  return rows.map(row => ({
    consumer: row.consumer,
    message: messageOfRow(row),
    partition: row.partition_no,
    offset: row.message_offset,
    attempts: row.attempts,
    error: row.error,
    deadAt: instantOf(row.dead_at),
    waiting: row.waiting,
  }))
}

/**
 * Lets a dead letter be handled again from its first try, and those behind it after it.
 * @param now milliseconds since the epoch
 * @throws ToolkitError DEAD_LETTER_UNKNOWN
 */
export function replayDeadLetter(
  pool: Pool,
  consumer: string,
  messageId: string,
  now: number,
): Promise<void> {
  return withDeadLetter(pool, consumer, messageId, async (session, position, key) => {
    await session.run('UPDATE parked_messages SET attempts = 0, dead_at = NULL WHERE position = ?', [
      position,
    ])
    await releaseKey(session, key, now)
  })
}

/**
 * Gives a dead letter up, so that those behind it are handled without it.
 * @param now milliseconds since the epoch
 * @throws ToolkitError DEAD_LETTER_UNKNOWN
 */
export function dropDeadLetter(pool: Pool, consumer: string, messageId: string, now: number): Promise<void> {
  return withDeadLetter(pool, consumer, messageId, async (session, position, key) => {
    await removeParked(session, position)
    await releaseKey(session, key, now)
  })
}

/**
 * Replays all dead letters of a consumer.
 * @returns how many
 */
export async function replayDeadLetters(pool: Pool, consumer: string, now: number): Promise<number> {
  for (let replayed = 0; ; ) {
    const letters = await listDeadLetters(pool, { consumer })
    for (const { message } of letters) await replayDeadLetter(pool, consumer, message.id, now)
    replayed += letters.length
    if (letters.length < 100) return replayed
  }
}

/** How many keys and messages are parked, and how many of them are dead letters. */
export async function measureParking(
  session: Session,
): Promise<{ keys: number; messages: number; dead: number }> {
  const [row] = await session.rows<{ keys_parked: number; messages: number; dead: number }>(
    `SELECT (SELECT COUNT(*) FROM parked_keys) AS keys_parked, COUNT(*) AS messages, COUNT(dead_at) AS dead
     FROM parked_messages`,
  )
  return { keys: row?.keys_parked ?? 0, messages: row?.messages ?? 0, dead: row?.dead ?? 0 }
}

function withDeadLetter(
  pool: Pool,
  consumer: string,
  messageId: string,
  work: (session: Session, position: number, key: ParkedKey) => Promise<void>,
): Promise<void> {
  return withTransaction(pool, async session => {
    const [row] = await session.rows<{ position: number; topic: string; message_key: string }>(
      `SELECT position, topic, message_key FROM parked_messages
       WHERE consumer = ? AND message_id = ? AND dead_at IS NOT NULL`,
      [consumer, messageId],
    )
    if (row === undefined)
      throw new ToolkitError('DEAD_LETTER_UNKNOWN', `${consumer} has no dead letter ${messageId}`, {
        hint: 'list the dead letters: it may have been replayed or dropped already',
        details: { consumer, messageId },
      })
    const key = { consumer, topic: row.topic, key: row.message_key }
    await lockParked(session, key)
    await work(session, row.position, key)
  })
}
