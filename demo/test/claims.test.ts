import { expect, test } from '@jest/globals'
import { decideClaims, type Measured } from '../src/claims.ts'

const side = { lost: [], duplicated: [] }
const good: Measured = {
  story: {
    defectRefused: true,
    divergences: [],
    cleanVerdict: 'pass',
    drill: { ok: true, lost: 0, duplicated: 0, holdP99Ms: 100, rollbackMs: 100 },
    hold: { p50Ms: 50, p99Ms: 100, maxMs: 100 },
    cutoverMs: 100,
    rollbackMs: 100,
    batchRefusedByFence: true,
    batchWorkedAfterRollback: true,
    verified: { rows: 10, ok: true },
  },
  totals: { requests: 2_000, writes: 800, failed: 0, unknown: 0, staleReads: 0 },
  acknowledged: 800,
  proof: { legacy: side, extracted: side, lost: 0, duplicated: 0 },
  seconds: 10,
  batchReviewed: 200,
}

test('a run without fault keeps every claim', () => {
  expect(decideClaims(good).filter(claim => !claim.ok)).toEqual([])
})

test.each<[string, Measured]>([
  ['acknowledged writes lost', { ...good, proof: { ...good.proof, lost: 1 } }],
  ['writes applied twice', { ...good, proof: { ...good.proof, duplicated: 1 } }],
  ['failed requests', { ...good, totals: { ...good.totals, failed: 1 } }],
  ['failed requests', { ...good, totals: { ...good.totals, unknown: 1 } }],
  ['reads that missed an own acknowledged write', { ...good, totals: { ...good.totals, staleReads: 1 } }],
  ['requests per second', { ...good, seconds: 14 }],
  ['share of writes', { ...good, totals: { ...good.totals, writes: 600 } }],
  ['acknowledged writes', { ...good, acknowledged: 0 }],
  [
    'planted defect caught by the comparison gate',
    { ...good, story: { ...good.story, defectRefused: false } },
  ],
  ['verdict on the fixed service', { ...good, story: { ...good.story, cleanVerdict: 'insufficient' } }],
  [
    'batch refused by the fence after cutover',
    { ...good, story: { ...good.story, batchRefusedByFence: false } },
  ],
  [
    'rows equal on both sides at the end',
    { ...good, story: { ...good.story, verified: { rows: 0, ok: true } } },
  ],
])('breaks the claim on %s, and no other', (name, measured) => {
  expect(
    decideClaims(measured)
      .filter(claim => !claim.ok)
      .map(claim => claim.name),
  ).toEqual([name])
})
