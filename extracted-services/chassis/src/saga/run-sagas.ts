import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import {
  childSpan,
  formatTraceparent,
  parseTraceparent,
  type TraceContext,
} from '@strangler/kit/trace-context.ts'
import type { Pool } from 'mysql2/promise'
import { type Session, withSession, withTransaction } from '../database/with-transaction.ts'
import { withRetriedTransaction } from '../event-store/change-aggregate.ts'
import { createWaker } from '../messaging/create-waker.ts'
import { spanLine } from '../telemetry/span-line.ts'
import { type Call, isLocal, type LocalStep, type RemoteStep, type Saga } from './saga.ts'
import {
  afterCompensation,
  afterDone,
  afterFailure,
  afterRefusal,
  afterUnknownStep,
  begin,
  expire,
  isExpired,
  type Progress,
  stepOf,
  type Transition,
} from './saga-progress.ts'
import { claimDueSagas, insertSaga, lockSaga, type SagaLease, saveSaga } from './saga-rows.ts'

export type SagaRunnerParts = {
  /** The schema of the sagas, see `sagaMigrations`. */
  pool: Pool
  clock: Clock
  log: Log
  sagas: readonly Saga<unknown>[]
  /** How long one attempt at a remote step may take, in ms. */
  attemptMs?: number
  /** How long a process that gives no sign of life keeps a saga, in ms: more than an attempt takes. */
  leaseMs?: number
  /** How often to look for sagas that are due, in ms. */
  pollMs?: number
  /** Sagas in hand at the same time. */
  most?: number
  /** Told of every step that has been done or undone, once that is durable. */
  onStep?(name: string, sagaId: string, step: string): void
}

export type SagaRunner = {
  /** Looks for sagas that are due now: call it after the transaction that began one. */
  wake(): void
  /** Ends the steps in hand. */
  close(): Promise<void>
}

/**
 * Begins a saga, in the transaction of what it is about: it runs if that commits.
 * @param options.now milliseconds since the epoch
 * @param options.firstDone what the saga is about was done in this transaction, and is its first step
 * @returns false when there is one of this name and id already; nothing is changed then
 */
export function startSaga<Data>(
  session: Session,
  saga: Saga<Data>,
  sagaId: string,
  data: Data,
  { now, trace, firstDone = false }: { now: number; trace?: TraceContext | undefined; firstDone?: boolean },
): Promise<boolean> {
  const traceparent = trace === undefined ? null : formatTraceparent(trace)
  const begun = begin(saga, data, now)
  const { progress, events } = firstDone
    ? afterDone(saga as Saga<unknown>, begun, data, now)
    : { progress: begun, events: [] }
  return insertSaga(session, { name: saga.name, sagaId, traceparent, progress }, events, now)
}

/**
 * Runs sagas. Their progress and timers are rows, so another process goes on with those of one that was killed: it
 * tries the step in hand again. Two may have the same saga in hand for a while, when one of them stalled; the older one
 * can't write its progress any more.
 */
export function runSagas(parts: SagaRunnerParts): SagaRunner {
  const { pool, clock, log, sagas, attemptMs = 5_000, pollMs = 200, most = 16 } = parts
  const leaseMs = parts.leaseMs ?? 2 * attemptMs + 1_000
  const byName = new Map(sagas.map(saga => [saga.name, saga]))
  const stop = new AbortController()
  const busy = new Set<Promise<void>>()
  const waker = createWaker()

  async function claim(): Promise<number> {
    const limit = most - busy.size
    if (limit === 0) return 0
    const names = [...byName.keys()]
    const leases = await withTransaction(pool, session =>
      claimDueSagas(session, names, { now: clock.now(), leaseMs, limit }),
    )
    for (const lease of leases) {
      const { name, sagaId } = lease
      const running = advanceAll(lease)
        .catch(error => log.warn({ saga: name, id: sagaId, error: messageOf(error) }, 'saga not advanced'))
        .finally(() => busy.delete(running))
      busy.add(running)
    }
    return leases.length
  }

  async function advanceAll(lease: SagaLease): Promise<void> {
    const saga = byName.get(lease.name)!
    for (let current: SagaLease | undefined = lease; current !== undefined && !stop.signal.aborted; )
      current = await advance(saga, current)
    if (stop.signal.aborted) await giveBack(lease)
  }

  /** One transition. @returns the saga if it is due again at once and still in hand */
  async function advance(saga: Saga<unknown>, claimed: SagaLease): Promise<SagaLease | undefined> {
    const { progress } = claimed
    const step = stepOf(saga, progress)
    const { lease, ended } = beginStep(claimed, step?.name ?? 'unknown')
    if (step === undefined) return save(claimed, afterUnknownStep(progress, clock.now()))
    if (isExpired(saga, progress, clock.now())) return save(claimed, expire(saga, progress, clock.now()))
    try {
      const next = isLocal(step)
        ? await advanceLocally(saga, lease, step)
        : await save(lease, await advanceRemotely(saga, lease, step))
      ended()
      parts.onStep?.(lease.name, lease.sagaId, step.name)
      return next && { ...next, traceparent: claimed.traceparent }
    } catch (error) {
      const message = messageOf(error)
      ended(message)
      log.warn({ saga: lease.name, id: lease.sagaId, step: step.name, error: message }, 'saga step failed')
      return save(claimed, afterFailure(saga, progress, message, clock.now(), Math.random() / 5))
    }
  }

  /** A step is a span below the one that the saga was begun in; what it calls is below the step. */
  function beginStep(lease: SagaLease, step: string): { lease: SagaLease; ended(failed?: string): void } {
    const parent = parseTraceparent(lease.traceparent ?? undefined)
    if (parent === undefined) return { lease, ended: () => {} }
    const span = childSpan(parent)
    const began = clock.elapsed()
    const back = lease.progress.status === 'compensating' ? 'undo ' : ''
    return {
      lease: { ...lease, traceparent: formatTraceparent(span) },
      ended: failed =>
        log.info(
          {
            ...spanLine('step', `${lease.name}: ${back}${step}`, span, parent, clock.elapsed() - began),
            id: lease.sagaId,
            ...(failed === undefined ? {} : { failed }),
          },
          'saga step',
        ),
    }
  }

  async function advanceRemotely(
    saga: Saga<unknown>,
    lease: SagaLease,
    step: RemoteStep<unknown>,
  ): Promise<Transition> {
    const { progress } = lease
    if (progress.status === 'compensating') {
      await inTime(lease, attemptMs, call => step.compensate!(progress.data, progress.reason!, call))
      return afterCompensation(saga, progress, clock.now())
    }
    const outcome = await inTime(lease, timeFor(progress, step), call => step.act(progress.data, call))
    return outcome.done
      ? afterDone(saga, progress, outcome.data ?? progress.data, clock.now())
      : afterRefusal(saga, progress, outcome.reason, clock.now())
  }

  /** The step and the saga's progress are one transaction. */
  async function advanceLocally(
    saga: Saga<unknown>,
    lease: SagaLease,
    step: LocalStep<unknown>,
  ): Promise<SagaLease | undefined> {
    const { progress } = lease
    return withRetriedTransaction(pool, async session => {
      if (!(await lockSaga(session, lease))) return undefined
      const call = callFor(lease, stop.signal)
      return saveIn(session, lease, await applyOrUndo(session, saga, progress, step, call))
    })
  }

  async function applyOrUndo(
    session: Session,
    saga: Saga<unknown>,
    progress: Progress,
    step: LocalStep<unknown>,
    call: Call,
  ): Promise<Transition> {
    if (progress.status === 'compensating') {
      await step.undo!(session, progress.data, progress.reason!, call)
      return afterCompensation(saga, progress, clock.now())
    }
    const outcome = await step.apply(session, progress.data, call)
    return outcome.done
      ? afterDone(saga, progress, outcome.data ?? progress.data, clock.now())
      : afterRefusal(saga, progress, outcome.reason, clock.now())
  }

  async function save(lease: SagaLease, transition: Transition): Promise<SagaLease | undefined> {
    const next = await withTransaction(pool, session => saveIn(session, lease, transition))
    const stuck = transition.events.find(({ event }) => event === 'stuck')
    if (stuck !== undefined)
      log.error(
        { saga: lease.name, id: lease.sagaId, step: stuck.step, error: stuck.detail },
        'saga is stuck',
      )
    return next
  }

  /** A saga that is due at once stays in hand; any other is given back, and is not gone on with even if it is due by then. */
  async function saveIn(
    session: Session,
    lease: SagaLease,
    transition: Transition,
  ): Promise<SagaLease | undefined> {
    const { progress } = transition
    const now = clock.now()
    const stays = progress.dueAt !== null && progress.dueAt <= now
    const saved = await saveSaga(session, lease, transition, stays ? now + leaseMs : null, now)
    return saved && stays ? { ...lease, progress } : undefined
  }

  /** So that nobody waits for the lease of a process that is closing. */
  async function giveBack({ name, sagaId, epoch }: SagaLease): Promise<void> {
    await withSession(pool, session =>
      session.run('UPDATE sagas SET lease_until = NULL WHERE name = ? AND saga_id = ? AND epoch = ?', [
        name,
        sagaId,
        epoch,
      ]),
    )
  }

  function timeFor(progress: Progress, { kind }: RemoteStep<unknown>): number {
    if (kind !== 'compensatable') return attemptMs
    const left = Math.min(progress.stepDeadline, progress.deadline) - clock.now()
    return Math.max(1, Math.min(attemptMs, left))
  }

  async function inTime<T>(lease: SagaLease, ms: number, work: (call: Call) => Promise<T>): Promise<T> {
    const over = new AbortController()
    const ended = new AbortController()
    const late = clock.sleep(ms, ended.signal).then(() => {
      const late = new DOMException(`no answer within ${Math.round(ms)} ms`, 'TimeoutError')
      over.abort(late)
      throw late
    })
    late.catch(() => {})
    try {
      return await Promise.race([work(callFor(lease, over.signal)), late])
    } finally {
      ended.abort()
    }
  }

  function callFor({ sagaId, traceparent }: SagaLease, signal: AbortSignal): Call {
    return { sagaId, trace: parseTraceparent(traceparent ?? undefined), signal }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      // Whoever wakes us while we look is not missed: the rest begins before the look.
      const resting = waker.rest(clock, pollMs, stop.signal)
      const claimed = await claim().catch(error => {
        log.warn({ error: messageOf(error) }, 'sagas not read')
        return 0
      })
      if (claimed > 0 && busy.size < most) continue
      await Promise.race([resting, ...(busy.size === most ? busy : [])])
    }
    await Promise.all(busy)
  }

  const running = run()
  return {
    wake: waker.wake,
    close: async () => {
      stop.abort()
      await running
    },
  }
}
