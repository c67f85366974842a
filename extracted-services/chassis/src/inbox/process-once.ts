import { fileURLToPath } from 'node:url'
import type { Pool } from 'mysql2/promise'
import { isDuplicateKey } from '../database/database-error.ts'
import { dateTimeOf } from '../database/date-time.ts'
import { type Session, withSession, withTransaction } from '../database/with-transaction.ts'

/** Where the table's migrations are, for `applyMigrations`. */
export const inboxMigrations = {
  component: 'inbox',
  folder: fileURLToPath(new URL('../../sql/inbox', import.meta.url)),
}

/** How long a message is remembered: longer than any broker keeps it and any outage lasts. */
export const inboxRetentionMs = 7 * 24 * 3_600_000

/**
 * Acts on a message once, however often it is delivered: the note that it was processed and everything that `work`
 * does through the session are one transaction. The note is written first, so of two deliveries at the same time the
 * second waits for the first, then finds it done, or takes its turn because it failed. What `work` does elsewhere than
 * through the session is repeated with every delivery.
 * @param consumer who acts: each has its own memory
 * @param now milliseconds since the epoch
 * @returns whether this delivery was the one that acted
 */
export function processOnce(
  pool: Pool,
  consumer: string,
  messageId: string,
  now: number,
  work: (session: Session) => Promise<void>,
): Promise<boolean> {
  return withTransaction(pool, async session => {
    if (!(await note(session, consumer, messageId, now))) return false
    await work(session)
    return true
  })
}

async function note(session: Session, consumer: string, messageId: string, now: number): Promise<boolean> {
  try {
    await session.run(
      'INSERT INTO processed_messages (consumer, message_id, processed_at) VALUES (?, ?, ?)',
      [consumer, messageId, dateTimeOf(now)],
    )
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}

/**
 * Forgets messages processed before `before` (milliseconds since the epoch), 1000 at a time so that no lock is held
 * long.
 * @returns how many were forgotten
 */
export async function forgetProcessed(pool: Pool, before: number): Promise<number> {
  for (let forgotten = 0; ; ) {
    const { affectedRows } = await withSession(pool, session =>
      session.run('DELETE FROM processed_messages WHERE processed_at < ? LIMIT 1000', [dateTimeOf(before)]),
    )
    forgotten += affectedRows
    if (affectedRows < 1000) return forgotten
  }
}
