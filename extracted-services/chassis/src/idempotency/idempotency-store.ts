import { fileURLToPath } from 'node:url'
import type { Pool } from 'mysql2/promise'
import { dateTimeOf } from '../database/date-time.ts'
import { type Session, withSession } from '../database/with-transaction.ts'
import type { Answer, IdempotencyStore } from './answer-once.ts'

type KeyRow = { request_hash: string; answer: string | null }

/** Where the table's migrations are, for `applyMigrations`. */
export const idempotencyMigrations = {
  component: 'idempotency',
  folder: fileURLToPath(new URL('../../sql/idempotency', import.meta.url)),
}

/**
 * Keys in the transaction of the effect: both are there, or neither is. A concurrent request with the same key waits
 * in `claim` on the row's lock until the first one has committed (then it gets that answer) or rolled back (then it
 * is the first one).
 * @param now milliseconds since the epoch
 */
export function createIdempotencyStore(session: Session, now: () => number): IdempotencyStore {
  return {
    claim: async (key, requestHash) => {
      // The update of nothing takes the row's exclusive lock. A plain INSERT would leave everybody who waited with a
      // shared lock on it, and all of them in a deadlock when the first one rolls back.
      await session.run(
        `INSERT INTO idempotency_keys (idempotency_key, request_hash, answer, created_at) VALUES (?, ?, ?, ?)
         ON DUPLICATE KEY UPDATE idempotency_key = VALUES(idempotency_key)`,
        [key, requestHash, null, dateTimeOf(now())],
      )
      const [row] = await session.rows<KeyRow>(
        'SELECT request_hash, answer FROM idempotency_keys WHERE idempotency_key = ? FOR UPDATE',
        [key],
      )
      // Key and answer are committed together, so a row without an answer is the one just written.
      if (row === undefined || row.answer === null) return { claimed: true }
      return { claimed: false, requestHash: row.request_hash, answer: JSON.parse(row.answer) as Answer }
    },
    complete: async (key, answer) => {
      await session.run('UPDATE idempotency_keys SET answer = ? WHERE idempotency_key = ?', [
        JSON.stringify(answer),
        key,
      ])
    },
  }
}

/**
 * Removes keys written before `before` (milliseconds since the epoch), 1000 at a time so that no lock is held long.
 * @returns how many were removed
 */
export async function removeExpiredKeys(pool: Pool, before: number): Promise<number> {
  for (let removed = 0; ; ) {
    const { affectedRows } = await withSession(pool, session =>
      session.run('DELETE FROM idempotency_keys WHERE created_at < ? LIMIT 1000', [dateTimeOf(before)]),
    )
    removed += affectedRows
    if (affectedRows < 1000) return removed
  }
}
