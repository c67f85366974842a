import { expect, test } from '@jest/globals'
import { plan } from '../plans/customers.ts'
import { correlation } from '../src/writers/correlation.ts'
import type { WritersFound } from '../src/writers/writers-found.ts'
import { answerOf, writersGate } from '../src/writers/writers-gate.ts'

const review = { table: 'CUST_MST', event: 'update' as const, columns: ['RVW_DT', 'CHG_DT'] }
const note = { table: 'CUST_NOTE', event: 'insert' as const, columns: [] }

function found(changes: Partial<WritersFound> = {}): WritersFound {
  const past = { since: null, complete: true, writes: [] }
  return { capability: 'customers', seconds: 5, requests: 9, accounts: [], past, possible: [], ...changes }
}
const account = (
  name: string,
  shape: { table: string; event: 'insert' | 'update'; columns: string[] },
  rows: number,
) => ({
  account: name,
  rows,
  perSecond: rows / 5,
  shapes: [{ ...shape, account: name, rows, answer: answerOf(plan.writers, shape, name) }],
  likely: null,
})
const judge = (changes: Partial<WritersFound>, ageMs = 0) =>
  writersGate({ ageMs, found: found(changes) }, plan).map(({ code, message }) => `${code}: ${message}`)

test('writers that the plan answers for do not stand in the way', () => {
  expect(judge({ accounts: [account('monolith', note, 40), account('nightly', review, 200)] })).toEqual([])
})

test('an account that the plan does not know is named with its counts', () => {
  expect(judge({ accounts: [account('reports', review, 7)] })).toEqual([
    'WRITER_UNACCOUNTED: reports wrote 7 rows in 5 s: 7 × CUST_MST update (RVW_DT, CHG_DT)',
  ])
})

test('an answer for some columns does not cover another one', () => {
  const credit = { ...review, columns: ['RVW_DT', 'CRED_LMT'] }
  expect(judge({ accounts: [account('nightly', credit, 1)] })).toEqual([
    'WRITER_UNACCOUNTED: nightly wrote 1 rows in 5 s: 1 × CUST_MST update (RVW_DT, CRED_LMT)',
  ])
})

test('rows of the binlog that no answer covers were written by somebody unknown', () => {
  const at = '2026-01-02T03:04:05.000Z'
  const gone = { table: 'CUST_MST', event: 'delete' as const, columns: [], rows: 3, firstAt: at, lastAt: at }
  const known = { ...note, rows: 500, firstAt: at, lastAt: at }
  expect(judge({ past: { since: at, complete: true, writes: [gone, known] } })).toEqual([
    'WRITER_UNKNOWN: 3 rows were written by an unknown account: CUST_MST delete, last at 2026-01-02T03:04:05.000Z',
  ])
})

test('an account that may write and was not seen must be answered for as well', () => {
  expect(judge({ possible: ['nightly', 'yearly'] })).toEqual([
    'WRITER_POSSIBLE: yearly may write customers, was not seen doing so, and the plan does not answer for it',
  ])
})

test('rows that move along, yet came without a request, came another way', () => {
  expect(judge({ requests: 0, accounts: [account('monolith', note, 30)] })).toEqual([
    'WRITER_NOT_ROUTED: monolith wrote 30 rows in 5 s while no write of the capability came through the proxy',
  ])
})

test('no look and an old look are verdicts of their own', () => {
  expect(writersGate(undefined, plan).map(({ code }) => code)).toEqual(['WRITERS_MISSING'])
  expect(judge({}, 25 * 3_600_000)).toEqual([
    'WRITERS_STALE: the last look at who writes customers is 1500 min old > 1440 min',
  ])
})

test('correlation tells what rises and falls together, and nothing of what never changes', () => {
  expect(correlation([1, 5, 2, 9], [2, 10, 4, 18])).toBeCloseTo(1)
  expect(correlation([1, 5, 2, 9], [9, 5, 8, 1])).toBeCloseTo(-1)
  expect(correlation([3, 3, 3], [1, 2, 3])).toBeNull()
  expect(correlation([1], [1])).toBeNull()
})
