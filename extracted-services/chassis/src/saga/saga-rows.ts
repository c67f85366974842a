import { fileURLToPath } from 'node:url'
import { preciseDateTimeOf } from '../database/date-time.ts'
import type { Session } from '../database/with-transaction.ts'
import type { Reason } from './saga.ts'
import type { Progress, SagaEvent, Transition } from './saga-progress.ts'

/** Where the tables' migrations are, for `applyMigrations`. */
export const sagaMigrations = {
  component: 'saga',
  folder: fileURLToPath(new URL('../../sql/saga', import.meta.url)),
}

export type SagaRecord = { name: string; sagaId: string; traceparent: string | null; progress: Progress }

/** A saga in the hand of one process. When the table has a higher epoch, somebody else has taken it. */
export type SagaLease = SagaRecord & { epoch: number }

export type SagaRow = {
  name: string
  saga_id: string
  status: Progress['status']
  step: string
  attempt: number
  data: string
  reason: string | null
  error: string | null
  stuck_since: string | null
  step_deadline: string
  deadline: string
  due_at: string | null
  epoch: number
  traceparent: string | null
}

export const sagaColumns = `name, saga_id, status, step, attempt, data, reason, error, stuck_since, step_deadline,
  deadline, due_at, epoch, traceparent`

/** @returns false when there is a saga of this name and id already */
export async function insertSaga(
  session: Session,
  { name, sagaId, traceparent, progress }: SagaRecord,
  events: readonly SagaEvent[],
  now: number,
): Promise<boolean> {
  const { affectedRows } = await session.run(
    `INSERT IGNORE INTO sagas (name, saga_id, status, step, attempt, data, reason, error, stuck_since, step_deadline,
       deadline, due_at, lease_until, epoch, traceparent, started_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0, ?, ?, ?)`,
    [name, sagaId, ...valuesOf(progress), traceparent, preciseDateTimeOf(now), preciseDateTimeOf(now)],
  )
  if (affectedRows === 0) return false
  await addToLog(session, { name, sagaId }, events, now)
  return true
}

/** Takes up to `limit` sagas that are due, for `leaseMs`. Others pass over them meanwhile. */
export async function claimDueSagas(
  session: Session,
  names: readonly string[],
  { now, leaseMs, limit }: { now: number; leaseMs: number; limit: number },
): Promise<SagaLease[]> {
  const rows = await session.rows<SagaRow>(
    `SELECT ${sagaColumns} FROM sagas
     WHERE due_at <= ? AND (lease_until IS NULL OR lease_until < ?) AND name IN (${names.map(() => '?').join(', ')})
     ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED`,
    [preciseDateTimeOf(now), preciseDateTimeOf(now), ...names, limit],
  )
  for (const row of rows)
    await session.run('UPDATE sagas SET lease_until = ?, epoch = epoch + 1 WHERE name = ? AND saga_id = ?', [
      preciseDateTimeOf(now + leaseMs),
      row.name,
      row.saga_id,
    ])
  return rows.map(row => ({ ...recordOf(row), epoch: row.epoch + 1 }))
}

/** Locks the saga until the transaction ends; false when somebody else has taken it since. */
export async function lockSaga(session: Session, { name, sagaId, epoch }: SagaLease): Promise<boolean> {
  const [row] = await session.rows<{ epoch: number }>(
    'SELECT epoch FROM sagas WHERE name = ? AND saga_id = ? FOR UPDATE',
    [name, sagaId],
  )
  return row?.epoch === epoch
}

/**
 * Writes how far the saga has come.
 * @param leaseUntil milliseconds since the epoch; null gives the saga back
 * @returns false when somebody else has taken it since: nothing was written then
 */
export async function saveSaga(
  session: Session,
  { name, sagaId, epoch }: SagaLease,
  { progress, events }: Transition,
  leaseUntil: number | null,
  now: number,
): Promise<boolean> {
  const { affectedRows } = await session.run(
    `UPDATE sagas SET status = ?, step = ?, attempt = ?, data = ?, reason = ?, error = ?, stuck_since = ?,
       step_deadline = ?, deadline = ?, due_at = ?, lease_until = ?, updated_at = ?
     WHERE name = ? AND saga_id = ? AND epoch = ?`,
    [...valuesOf(progress), dateOrNull(leaseUntil), preciseDateTimeOf(now), name, sagaId, epoch],
  )
  if (affectedRows === 0) return false
  await addToLog(session, { name, sagaId }, events, now)
  return true
}

async function addToLog(
  session: Session,
  { name, sagaId }: { name: string; sagaId: string },
  events: readonly SagaEvent[],
  now: number,
): Promise<void> {
  if (events.length === 0) return
  await session.run(
    `INSERT INTO saga_log (name, saga_id, step, event, detail, at)
     VALUES ${events.map(() => '(?, ?, ?, ?, ?, ?)').join(', ')}`,
    events.flatMap(({ step, event, detail }) => [
      name,
      sagaId,
      step,
      event,
      detail ?? null,
      preciseDateTimeOf(now),
    ]),
  )
}

export function recordOf(row: SagaRow): SagaRecord {
  return {
    name: row.name,
    sagaId: row.saga_id,
    traceparent: row.traceparent,
    progress: {
      status: row.status,
      step: row.step,
      attempt: row.attempt,
      data: JSON.parse(row.data) as unknown,
      reason: row.reason === null ? null : (JSON.parse(row.reason) as Reason),
      error: row.error,
      stuckSince: row.stuck_since === null ? null : msOf(row.stuck_since),
      stepDeadline: msOf(row.step_deadline),
      deadline: msOf(row.deadline),
      dueAt: row.due_at === null ? null : msOf(row.due_at),
    },
  }
}

function valuesOf(progress: Progress): (string | number | null)[] {
  return [
    progress.status,
    progress.step,
    progress.attempt,
    JSON.stringify(progress.data),
    progress.reason === null ? null : JSON.stringify(progress.reason),
    progress.error,
    dateOrNull(progress.stuckSince),
    preciseDateTimeOf(progress.stepDeadline),
    preciseDateTimeOf(progress.deadline),
    dateOrNull(progress.dueAt),
  ]
}

function dateOrNull(ms: number | null): string | null {
  return ms === null ? null : preciseDateTimeOf(ms)
}

/** `2024-02-29 12:34:56.789` in UTC → milliseconds since the epoch. */
function msOf(dateTime: string): number {
  return Date.parse(`${dateTime.replace(' ', 'T')}Z`)
}
