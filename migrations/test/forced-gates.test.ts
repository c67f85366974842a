import { expect, test } from '@jest/globals'
import { splitForced } from '../src/cutover/forced-gates.ts'
import { refuse } from '../src/cutover/refusal.ts'
import { readVerb } from '../src/operator/verb-requests.ts'

test('an operator who insists passes missing evidence, never what keeps data', () => {
  const codes = [
    'DRILL_STALE',
    'COMPARISON_FAILED',
    'LAG_TOO_HIGH',
    'VERIFY_DIVERGED',
    'WAY_BACK_BROKEN',
    'NEW',
  ]
  const { passed, standing } = splitForced(codes.flatMap(code => refuse(code, code)))
  expect(passed.map(({ code }) => code)).toEqual(['DRILL_STALE', 'COMPARISON_FAILED'])
  expect(standing.map(({ code }) => code)).toEqual([
    'LAG_TOO_HIGH',
    'VERIFY_DIVERGED',
    'WAY_BACK_BROKEN',
    'NEW',
  ])
})

test('force needs a reason of its own; a rollback knows no force', () => {
  for (const reason of [undefined, '  ', 'no reason given'])
    expect(() => readVerb('cutover', { force: true, reason })).toThrow('say why the gates are passed')
  expect(readVerb('cutover', { force: true, reason: 'agreed' }).body).toMatchObject({ force: true })
  expect(() => readVerb('rollback', { force: true, reason: 'agreed' })).toThrow('force')
})
