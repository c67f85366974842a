import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
import { instantOf, preciseDateTimeOf } from '../database/date-time.ts'
import { type Session, withSession, withTransaction } from '../database/with-transaction.ts'
import { resume } from './saga-progress.ts'
import { recordOf, type SagaRecord, type SagaRow, sagaColumns } from './saga-rows.ts'

/** One line of a saga's log; `at` is ISO 8601 in UTC. */
export type SagaLogEntry = { step: string; event: string; detail: string | null; at: string }

export async function findSaga(
  session: Session,
  name: string,
  sagaId: string,
): Promise<SagaRecord | undefined> {
  const [row] = await session.rows<SagaRow>(
    `SELECT ${sagaColumns} FROM sagas WHERE name = ? AND saga_id = ?`,
    [name, sagaId],
  )
  return row === undefined ? undefined : recordOf(row)
}

/** Sagas that failed too often or wait for an operator, longest first. */
export function listStuckSagas(pool: Pool, limit = 100): Promise<SagaRecord[]> {
  return withSession(pool, async session => {
    const rows = await session.rows<SagaRow>(
      `SELECT ${sagaColumns} FROM sagas WHERE stuck_since IS NOT NULL ORDER BY stuck_since LIMIT ?`,
      [limit],
    )
    return rows.map(recordOf)
  })
}

/** What became of the saga's steps, in order. */
export function readSagaLog(pool: Pool, name: string, sagaId: string): Promise<SagaLogEntry[]> {
  return withSession(pool, async session => {
    const rows = await session.rows<SagaLogEntry>(
      'SELECT step, event, detail, at FROM saga_log WHERE name = ? AND saga_id = ? ORDER BY position',
      [name, sagaId],
    )
    return rows.map(row => ({ ...row, at: instantOf(row.at) }))
  })
}

/**
 * Lets a stuck saga try its step again.
 * @param now milliseconds since the epoch
 * @throws ToolkitError SAGA_NOT_STUCK
 */
export function resumeSaga(pool: Pool, name: string, sagaId: string, now: number): Promise<void> {
  return withTransaction(pool, async session => {
    const [row] = await session.rows<SagaRow>(
      `SELECT ${sagaColumns} FROM sagas WHERE name = ? AND saga_id = ? AND stuck_since IS NOT NULL FOR UPDATE`,
      [name, sagaId],
    )
    if (row === undefined)
      throw new ToolkitError('SAGA_NOT_STUCK', `saga ${name} ${sagaId} is not stuck`, {
        hint: 'list the stuck sagas: it may have gone on by itself',
        details: { name, sagaId },
      })
    const { progress } = recordOf(row)
    const { attempt, dueAt } = resume(progress, now)
    const at = preciseDateTimeOf(now)
    // A process that has it in hand right now loses it, lest it write that the saga is still stuck.
    await session.run(
      `UPDATE sagas SET attempt = ?, stuck_since = NULL, due_at = ?, updated_at = ?, lease_until = NULL,
         epoch = epoch + 1 WHERE name = ? AND saga_id = ?`,
      [attempt, preciseDateTimeOf(dueAt!), at, name, sagaId],
    )
    await session.run(
      "INSERT INTO saga_log (name, saga_id, step, event, detail, at) VALUES (?, ?, ?, 'resumed', NULL, ?)",
      [name, sagaId, progress.step, at],
    )
  })
}

/** How many sagas are on their way, and how many of them are stuck. */
export async function measureSagas(session: Session): Promise<{ running: number; stuck: number }> {
  const [row] = await session.rows<{ running: number; stuck: number }>(
    `SELECT COUNT(*) AS running, COUNT(stuck_since) AS stuck FROM sagas WHERE status IN ('forward', 'compensating')`,
  )
  return { running: row?.running ?? 0, stuck: row?.stuck ?? 0 }
}

/**
 * Removes sagas that ended before `before` (milliseconds since the epoch) and their logs, 1000 at a time.
 * @returns how many sagas were removed
 */
export async function removeEndedSagas(pool: Pool, before: number): Promise<number> {
  for (let removed = 0; ; ) {
    const batch = await withTransaction(pool, async session => {
      const rows = await session.rows<{ name: string; saga_id: string }>(
        `SELECT name, saga_id FROM sagas WHERE status IN ('completed', 'compensated') AND updated_at < ?
         LIMIT 1000 FOR UPDATE`,
        [preciseDateTimeOf(before)],
      )
      for (const { name, saga_id } of rows) {
        await session.run('DELETE FROM saga_log WHERE name = ? AND saga_id = ?', [name, saga_id])
        await session.run('DELETE FROM sagas WHERE name = ? AND saga_id = ?', [name, saga_id])
      }
      return rows.length
    })
    removed += batch
    if (batch < 1000) return removed
  }
}
