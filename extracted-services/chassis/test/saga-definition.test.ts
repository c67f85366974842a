import { expect, test } from '@jest/globals'
import type { RemoteStep } from '../src/saga/saga.ts'
import { defineSaga } from '../src/saga/saga.ts'
import { afterFailure, begin, pauseAfter } from '../src/saga/saga-progress.ts'
import { orderSaga } from './saga-definitions.ts'

const act = async () => ({ done: true as const })
const step = (name: string, kind: RemoteStep<unknown>['kind'], compensate?: () => Promise<void>) => ({
  name,
  kind,
  withinMs: 1,
  act,
  ...(compensate === undefined ? {} : { compensate }),
})
const problemsOf = (...steps: ReturnType<typeof step>[]) => {
  try {
    defineSaga({ name: 's', withinMs: 1, steps })
    return []
  } catch (error) {
    return (error as { details: { problems: { path: string; message: string }[] } }).details.problems.map(
      ({ path, message }) => `${path}: ${message}`,
    )
  }
}

test('refuses a saga whose steps make no sense in their order, naming every problem', () => {
  const undo = async () => {}
  expect(problemsOf(step('a', 'compensatable', undo), step('b', 'pivot'), step('c', 'retriable'))).toEqual([])
  expect(problemsOf()).toEqual(['steps: there is none'])
  expect(
    problemsOf(
      step('a', 'retriable', undo),
      step('a', 'compensatable'),
      step('b', 'pivot'),
      step('c', 'pivot'),
    ),
  ).toEqual([
    'steps.a: a retriable step is never compensated',
    'steps.a: there are two steps of this name',
    "steps.a: a compensatable step can't come after a retriable one",
    'steps.c: there is one pivot at most',
  ])
})

test('pauses longer after every failure, up to half a minute', () => {
  expect([1, 2, 3, 6, 7, 20].map(attempt => pauseAfter(attempt))).toEqual([
    100, 300, 900, 24_300, 30_000, 30_000,
  ])
})

test('tries a step with a deadline at least ten times before it is over', () => {
  const saga = orderSaga({} as Parameters<typeof orderSaga>[0], 20_000)
  const progress = { ...begin(saga, { id: '1' }, 0), step: 'credit', attempt: 9 }
  expect(afterFailure(saga, progress, 'no', 0).progress.dueAt).toBe(1_000)
})

test('tries no later than the deadline, so that a step is given up in time', () => {
  const saga = orderSaga({} as Parameters<typeof orderSaga>[0], 1_000)
  const progress = { ...begin(saga, { id: '1' }, 0), step: 'credit', attempt: 9, stepDeadline: 500 }
  expect(afterFailure(saga, progress, 'no', 480).progress.dueAt).toBe(500)
})
