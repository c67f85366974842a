import type { Reason, Saga, SagaStep } from './saga.ts'
import { isLocal } from './saga.ts'

/** Where a saga stands. Times are milliseconds since the epoch. */
export type Progress = {
  readonly status: 'forward' | 'compensating' | 'completed' | 'compensated'
  /** The step in hand. It may have been tried: nobody knows of a process that was killed. */
  readonly step: string
  /** How often it has failed. */
  readonly attempt: number
  readonly data: unknown
  /** Why it is compensated. */
  readonly reason: Reason | null
  readonly error: string | null
  readonly stuckSince: number | null
  readonly stepDeadline: number
  readonly deadline: number
  /** When to go on; null when it has ended or waits for an operator. */
  readonly dueAt: number | null
}

/** A line for the saga's log. */
export type SagaEvent = {
  step: string
  event: 'done' | 'refused' | 'expired' | 'compensated' | 'stuck' | 'completed'
  detail?: string
}

export type Transition = { progress: Progress; events: readonly SagaEvent[] }

/** Failures of a compensation after which it waits for an operator, and of another step after which it is called stuck. */
export const mostAttempts = 12

const longestPauseMs = 30_000

/** 0.1, 0.3, 0.9 … 24 s, then 30 s; no longer than `longestMs`. */
export function pauseAfter(attempt: number, longestMs = longestPauseMs): number {
  return Math.min(100 * 3 ** (attempt - 1), longestMs)
}

export function begin<Data>(saga: Saga<Data>, data: Data, now: number): Progress {
  const first = saga.steps[0]!
  return {
    status: 'forward',
    step: first.name,
    attempt: 0,
    data,
    reason: null,
    error: null,
    stuckSince: null,
    stepDeadline: now + first.withinMs,
    deadline: now + saga.withinMs,
    dueAt: now,
  }
}

/** The step has been done. */
export function afterDone(saga: Saga<unknown>, progress: Progress, data: unknown, now: number): Transition {
  const done: SagaEvent = { step: progress.step, event: 'done' }
  const next = saga.steps[indexOf(saga, progress) + 1]
  if (next === undefined) {
    const ended = { ...settled(progress, null), data, status: 'completed' as const }
    return { progress: ended, events: [done, { step: progress.step, event: 'completed' }] }
  }
  const moved = { ...settled(progress, now), data, step: next.name, stepDeadline: now + next.withinMs }
  return { progress: moved, events: [done] }
}

/** The step has been refused, so it is the one before it from which everything is compensated. */
export function afterRefusal(
  saga: Saga<unknown>,
  progress: Progress,
  reason: Reason,
  now: number,
): Transition {
  const step = stepOf(saga, progress)!
  // After the pivot there is no way back: what a participant refuses needs an operator, or time.
  if (step.kind === 'retriable') return afterFailure(saga, progress, `refused: ${reason.code}`, now)
  const refused: SagaEvent = { step: progress.step, event: 'refused', detail: reason.code }
  const back = compensateFrom(saga, { ...progress, reason }, indexOf(saga, progress) - 1, now)
  return { ...back, events: [refused, ...back.events] }
}

/** Nobody knows whether the step took effect; it is tried again. */
export function afterFailure(
  saga: Saga<unknown>,
  progress: Progress,
  error: string,
  now: number,
  jitter = 0,
): Transition {
  const attempt = progress.attempt + 1
  // A step that is given up at a deadline has to notice in time that the other side is back.
  const within = canExpire(saga, progress) ? stepOf(saga, progress)!.withinMs / 10 : longestPauseMs
  const pause = pauseAfter(attempt, within) * (1 + jitter)
  const failed = { ...progress, attempt, error: error.slice(0, 1000) }
  if (progress.status === 'compensating')
    return attempt < mostAttempts
      ? { progress: { ...failed, dueAt: now + pause }, events: [] }
      : stuck({ ...failed, dueAt: null }, now)
  if (canExpire(saga, progress)) {
    const dueAt = Math.min(now + pause, progress.stepDeadline, progress.deadline)
    return { progress: { ...failed, dueAt }, events: [] }
  }
  const retried = { ...failed, dueAt: now + pause }
  const late = attempt >= mostAttempts || now >= progress.stepDeadline
  return late && progress.stuckSince === null ? stuck(retried, now) : { progress: retried, events: [] }
}

/** Whether the time for the step in hand, or for the whole saga, is over, so that it has to be compensated. */
export function isExpired(saga: Saga<unknown>, progress: Progress, now: number): boolean {
  return canExpire(saga, progress) && now >= Math.min(progress.stepDeadline, progress.deadline)
}

/** The step in hand is compensated too: its outcome is unknown. */
export function expire(saga: Saga<unknown>, progress: Progress, now: number): Transition {
  const reason: Reason = {
    code: 'DEADLINE',
    details: { step: progress.step, attempts: progress.attempt, error: progress.error },
  }
  const expired: SagaEvent = { step: progress.step, event: 'expired' }
  const back = compensateFrom(saga, { ...progress, reason }, indexOf(saga, progress), now)
  return { ...back, events: [expired, ...back.events] }
}

/** The step in hand has been compensated. */
export function afterCompensation(saga: Saga<unknown>, progress: Progress, now: number): Transition {
  const compensated: SagaEvent = { step: progress.step, event: 'compensated' }
  const back = compensateFrom(saga, progress, indexOf(saga, progress) - 1, now)
  return { ...back, events: [compensated, ...back.events] }
}

/** An operator lets the saga go on, as if it had not failed yet. */
export function resume(progress: Progress, now: number): Progress {
  return { ...progress, attempt: 0, stuckSince: null, dueAt: now }
}

export function stepOf(saga: Saga<unknown>, progress: Progress): SagaStep<unknown> | undefined {
  return saga.steps.find(step => step.name === progress.step)
}

/** A step that this build doesn't know needs an operator, or a build that does. */
export function afterUnknownStep(progress: Progress, now: number): Transition {
  return stuck({ ...progress, error: `there is no step ${progress.step}`, dueAt: null }, now)
}

/**
 * A local pivot has not happened until its transaction has. A remote one may have, unheard of, so there is no way back
 * from it but a refusal.
 */
function canExpire(saga: Saga<unknown>, { status, step: name }: Progress): boolean {
  const step = saga.steps.find(other => other.name === name)
  if (status !== 'forward' || step === undefined || step.kind === 'retriable') return false
  return step.kind === 'compensatable' || isLocal(step)
}

function compensateFrom(saga: Saga<unknown>, progress: Progress, from: number, now: number): Transition {
  const index = saga.steps
    .slice(0, from + 1)
    .findLastIndex(step => (isLocal(step) ? step.undo : step.compensate) !== undefined)
  const step = saga.steps[index]
  if (step === undefined)
    return { progress: { ...settled(progress, null), status: 'compensated' }, events: [] }
  return { progress: { ...settled(progress, now), status: 'compensating', step: step.name }, events: [] }
}

function settled(progress: Progress, dueAt: number | null): Progress {
  return { ...progress, attempt: 0, error: null, stuckSince: null, dueAt }
}

function stuck(progress: Progress, now: number): Transition {
  const event: SagaEvent = { step: progress.step, event: 'stuck', detail: progress.error ?? '' }
  return { progress: { ...progress, stuckSince: now }, events: [event] }
}

function indexOf(saga: Saga<unknown>, { step: name }: Progress): number {
  return saga.steps.findIndex(step => step.name === name)
}
