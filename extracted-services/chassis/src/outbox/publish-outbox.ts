import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { childSpan, parseTraceparent } from '@strangler/kit/trace-context.ts'
import type { Pool } from 'mysql2/promise'
import { type Session, withSession } from '../database/with-transaction.ts'
import { createWaker, type Waker } from '../messaging/create-waker.ts'
import type { Message } from '../messaging/message.ts'
import { spanLine } from '../telemetry/span-line.ts'
import { deleteFromOutbox, readOutbox } from './outbox.ts'

export type OutboxPublisherParts = {
  /** The schema of the outbox. */
  pool: Pool
  /** Hands messages to the broker, in their order; resolves when the broker has them for good. */
  publish(messages: readonly Message[]): Promise<void>
  clock: Clock
  log: Log
  /** How long to rest when the outbox is empty or another process publishes it, in ms, unless woken. */
  pollMs?: number
  waker?: Waker
  /** Messages handed over at once. */
  batch?: number
}

const longestPauseMs = 30_000

/**
 * Publishes the outbox until `signal` is aborted. Of several processes one does it at a time, whoever holds the named
 * lock, since two would break the order within a key; when that one dies its session ends, and another takes over.
 *
 * Positions are taken before commit, so a low one can appear after a higher one. That is why nothing here remembers
 * how far it has read: whatever is in the table has not been published, and is deleted once it has been. A message
 * may go out twice, when a process dies between the two; it is never left behind.
 */
export async function publishOutbox(parts: OutboxPublisherParts, signal: AbortSignal): Promise<void> {
  const { pool, clock, log, pollMs = 200 } = parts
  for (let failures = 0; !signal.aborted; ) {
    try {
      await withSession(pool, session => lead(session, parts, signal))
      failures = 0
    } catch (error) {
      failures++
      log.warn({ error: messageOf(error), failures }, 'outbox not published')
    }
    const pause = Math.min(pollMs * 2 ** Math.min(failures, 10), longestPauseMs)
    await clock.sleep(pause, signal).catch(() => {})
  }
}

/** Publishes for as long as it goes well; resolves at once when another process holds the lock. */
async function lead(session: Session, parts: OutboxPublisherParts, signal: AbortSignal): Promise<void> {
  const { clock, pollMs = 200, waker = createWaker() } = parts
  const [lock] = await session.rows<{ got: number | null }>(
    "SELECT GET_LOCK(CONCAT('strangler-outbox:', DATABASE()), 0) AS got",
  )
  if (lock?.got !== 1) return
  try {
    while (!signal.aborted) {
      const resting = waker.rest(clock, pollMs, signal)
      const published = await publishBatch(session, parts)
      if (published === 0) await resting
    }
  } finally {
    // The session goes back to its pool with nothing held; if it is lost, so is the lock.
    await session.rows("SELECT RELEASE_LOCK(CONCAT('strangler-outbox:', DATABASE()))").catch(() => {})
  }
}

async function publishBatch(
  session: Session,
  { publish, clock, log, batch = 500 }: OutboxPublisherParts,
): Promise<number> {
  const rows = await readOutbox(session, batch)
  if (rows.length === 0) return 0
  await publish(rows.map(row => row.message))
  await deleteFromOutbox(
    session,
    rows.map(row => row.position),
  )
  for (const { message, writtenAt } of rows) {
    const parent = parseTraceparent(message.headers.traceparent)
    if (parent === undefined) continue
    const name = `${message.type} → ${message.topic}`
    log.info(
      { ...spanLine('publish', name, childSpan(parent), parent, clock.now() - writtenAt), id: message.id },
      'published',
    )
  }
  return rows.length
}
