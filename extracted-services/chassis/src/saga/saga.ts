import { invalidInput, type Problem } from '@strangler/kit/problem.ts'
import type { TraceContext } from '@strangler/kit/trace-context.ts'
import type { Session } from '../database/with-transaction.ts'

/** Why a saga can't be completed: a stable code, and what it was about. */
export type Reason = { code: string; details?: Readonly<Record<string, unknown>> }

/** `data` replaces the saga's data. A refusal means that the step has had no effect and never will. */
export type StepOutcome<Data> = { done: true; data?: Data } | { done: false; reason: Reason }

/** What a step knows besides the saga's data. */
export type Call = {
  sagaId: string
  /** The span that the saga was begun in. */
  trace: TraceContext | undefined
  /** Aborted when the attempt's time is over. */
  signal: AbortSignal
}

type Common = {
  name: string
  /**
   * Before the pivot steps can be compensated; once the pivot has happened the saga goes through to its end, so what
   * comes after is retried until it succeeds.
   */
  kind: 'compensatable' | 'pivot' | 'retriable'
  /** After this time, in ms, a compensatable step is given up; any other one is told to the operators. */
  withinMs: number
}

/**
 * A step somewhere else, which may be called again after it has succeeded, and whose compensation may come before it,
 * after it, or without it: an attempt that throws may still take effect later.
 */
export type RemoteStep<Data> = Common & {
  act(data: Data, call: Call): Promise<StepOutcome<Data>>
  compensate?(data: Data, reason: Reason, call: Call): Promise<void>
}

/** A step in the saga's own database, in one transaction with the saga's progress: it is done once or not at all. */
export type LocalStep<Data> = Common & {
  apply(session: Session, data: Data, call: Call): Promise<StepOutcome<Data>>
  undo?(session: Session, data: Data, reason: Reason, call: Call): Promise<void>
}

export type SagaStep<Data> = RemoteStep<Data> | LocalStep<Data>

export type Saga<Data> = {
  name: string
  /** From its beginning to its pivot, in ms; when it is over the saga is compensated. */
  withinMs: number
  steps: readonly SagaStep<Data>[]
}

const order = { compensatable: 0, pivot: 1, retriable: 2 } as const

export function isLocal<Data>(step: SagaStep<Data>): step is LocalStep<Data> {
  return 'apply' in step
}

/**
 * A saga whose steps make sense in their order.
 * @throws ToolkitError SAGA_INVALID with every problem
 */
export function defineSaga<Data>(saga: Saga<Data>): Saga<Data> {
  const { name, steps } = saga
  const problems: Problem[] = steps.length === 0 ? [{ path: 'steps', message: 'there is none' }] : []
  for (const [index, step] of steps.entries()) {
    const path = `steps.${step.name}`
    const before = steps[index - 1]
    const compensation = isLocal(step) ? step.undo : step.compensate
    if (steps.findIndex(other => other.name === step.name) < index)
      problems.push({ path, message: 'there are two steps of this name' })
    if (before !== undefined && order[step.kind] < order[before.kind])
      problems.push({ path, message: `a ${step.kind} step can't come after a ${before.kind} one` })
    if (step.kind === 'pivot' && before?.kind === 'pivot')
      problems.push({ path, message: 'there is one pivot at most' })
    if (step.kind !== 'compensatable' && compensation !== undefined)
      problems.push({ path, message: `a ${step.kind} step is never compensated` })
  }
  if (problems.length === 0) return saga
  throw invalidInput('SAGA_INVALID', `saga ${name}`, problems)
}
