import { fileURLToPath } from 'node:url'
import { preciseDateTimeOf } from '../database/date-time.ts'
import type { Session } from '../database/with-transaction.ts'
import { type MessageRow, messageColumns, messageOfRow, valuesOfMessage } from '../messaging/message-row.ts'
import type { Delivery } from '../messaging/messaging.ts'

/** Where the tables' migrations are, for `applyMigrations`. */
export const parkingMigrations = {
  component: 'parking',
  folder: fileURLToPath(new URL('../../sql/parking', import.meta.url)),
}

/** A key of a topic that a consumer is blocked on. */
export type ParkedKey = { consumer: string; topic: string; key: string }

/** A parked key in the hand of one process. When the table has a higher epoch, somebody else has taken it. */
export type ParkedLease = ParkedKey & { epoch: number }

/** `delivery.attempt` is how often the message has been tried already. */
export type ParkedMessage = { position: number; delivery: Delivery; dead: boolean }

/** What a message that failed is remembered by; `dueAt` null makes it a dead letter. */
export type Failure = { attempts: number; error: string; dueAt: number | null }

type ParkedRow = MessageRow & {
  position: number
  partition_no: number
  message_offset: number
  attempts: number
  dead_at: string | null
}

const ofKey = 'consumer = ? AND topic = ? AND message_key = ?'

/** Whether the key is blocked, without waiting for anybody. */
export async function isParked(session: Session, key: ParkedKey): Promise<boolean> {
  const rows = await session.rows(`SELECT 1 FROM parked_keys WHERE ${ofKey}`, identify(key))
  return rows.length > 0
}

/**
 * Locks the key until the transaction ends, so that it is either seen as blocked by whoever adds a message, or free
 * for good.
 */
export async function lockParked(session: Session, key: ParkedKey): Promise<{ epoch: number } | undefined> {
  const [row] = await session.rows<{ epoch: number }>(
    `SELECT epoch FROM parked_keys WHERE ${ofKey} FOR UPDATE`,
    identify(key),
  )
  return row
}

/** Blocks the key until `dueAt` (milliseconds since the epoch), or, with null, until an operator acts. */
export async function blockKey(session: Session, key: ParkedKey, dueAt: number | null): Promise<void> {
  await session.run(
    `INSERT INTO parked_keys (consumer, topic, message_key, due_at, lease_until, epoch) VALUES (?, ?, ?, ?, NULL, 0)
     ON DUPLICATE KEY UPDATE message_key = VALUES(message_key)`,
    [...identify(key), dueAt === null ? null : preciseDateTimeOf(dueAt)],
  )
}

/** Puts a message behind those of its key. One that is there already stays where it is. */
export async function addParked(
  session: Session,
  consumer: string,
  { message, partition, offset }: Delivery,
  failure: Failure | undefined,
  now: number,
): Promise<void> {
  const at = preciseDateTimeOf(now)
  const dead = failure !== undefined && failure.dueAt === null
  await session.run(
    `INSERT IGNORE INTO parked_messages
       (consumer, partition_no, message_offset, attempts, error, parked_at, dead_at, ${messageColumns})
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      consumer,
      partition,
      offset,
      failure?.attempts ?? 0,
      failure?.error ?? null,
      at,
      dead ? at : null,
      ...valuesOfMessage(message),
    ],
  )
}

export async function countParked(session: Session, consumer: string): Promise<number> {
  const [row] = await session.rows<{ n: number }>(
    'SELECT COUNT(*) AS n FROM parked_messages WHERE consumer = ?',
    [consumer],
  )
  return row?.n ?? 0
}

/** Takes up to `limit` keys that are due, for `leaseMs`. Others pass over them meanwhile. */
export async function claimDueKeys(
  session: Session,
  consumer: string,
  { now, leaseMs, limit }: { now: number; leaseMs: number; limit: number },
): Promise<ParkedLease[]> {
  const rows = await session.rows<{ topic: string; message_key: string; epoch: number }>(
    `SELECT topic, message_key, epoch FROM parked_keys
     WHERE consumer = ? AND due_at <= ? AND (lease_until IS NULL OR lease_until < ?)
     ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED`,
    [consumer, preciseDateTimeOf(now), preciseDateTimeOf(now), limit],
  )
  const leases = rows.map(row => ({
    consumer,
    topic: row.topic,
    key: row.message_key,
    epoch: row.epoch + 1,
  }))
  for (const lease of leases)
    await session.run(`UPDATE parked_keys SET lease_until = ?, epoch = epoch + 1 WHERE ${ofKey}`, [
      preciseDateTimeOf(now + leaseMs),
      ...identify(lease),
    ])
  return leases
}

export async function readFirstParked(session: Session, key: ParkedKey): Promise<ParkedMessage | undefined> {
  const [row] = await session.rows<ParkedRow>(
    `SELECT position, partition_no, message_offset, attempts, dead_at, ${messageColumns} FROM parked_messages
     WHERE ${ofKey} ORDER BY position LIMIT 1`,
    identify(key),
  )
  if (row === undefined) return undefined
  const delivery: Delivery = {
    message: messageOfRow(row),
    partition: row.partition_no,
    offset: row.message_offset,
    attempt: row.attempts,
  }
  return { position: row.position, delivery, dead: row.dead_at !== null }
}

export async function removeParked(session: Session, position: number): Promise<void> {
  await session.run('DELETE FROM parked_messages WHERE position = ?', [position])
}

export async function noteFailure(
  session: Session,
  position: number,
  { attempts, error, dueAt }: Failure,
  now: number,
): Promise<void> {
  await session.run('UPDATE parked_messages SET attempts = ?, error = ?, dead_at = ? WHERE position = ?', [
    attempts,
    error,
    dueAt === null ? preciseDateTimeOf(now) : null,
    position,
  ])
}

/** Gives a lease back: due again at `dueAt`, or, with null, when an operator has acted. */
export async function releaseKey(session: Session, key: ParkedKey, dueAt: number | null): Promise<void> {
  await session.run(`UPDATE parked_keys SET due_at = ?, lease_until = NULL WHERE ${ofKey}`, [
    dueAt === null ? null : preciseDateTimeOf(dueAt),
    ...identify(key),
  ])
}

export async function freeKey(session: Session, key: ParkedKey): Promise<void> {
  await session.run(`DELETE FROM parked_keys WHERE ${ofKey}`, identify(key))
}

function identify({ consumer, topic, key }: ParkedKey): string[] {
  return [consumer, topic, key]
}
