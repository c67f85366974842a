import { expect, test } from '@jest/globals'
import type { SyncStatus } from '../src/cdc/sync.ts'
import {
  comparisonGate,
  drillGate,
  phaseGate,
  syncGate,
  transactionGate,
  verificationGate,
} from '../src/cutover/gates.ts'
import type { CapabilityState, Phase } from '../src/journal/capability-state.ts'
import { stageRefusals } from '../src/operator/set-stage.ts'

const hour = 3_600_000
const codes = (refusals: readonly { code: string }[]) => refusals.map(({ code }) => code)
const state = (changes: Partial<CapabilityState>): CapabilityState => ({
  capability: 'customers',
  owner: 'legacy',
  epoch: 1,
  epochSeen: 1,
  phase: 'syncing',
  run: null,
  ...changes,
})

test.each<[Phase, string[]]>([
  ['planned', ['COPY_INCOMPLETE']],
  ['copying', ['COPY_INCOMPLETE']],
  ['syncing', []],
  ['switching', ['SWITCH_UNFINISHED']],
  ['switched', ['SWITCH_UNFINISHED']],
  ['irreversible', ['NOT_REVERSIBLE']],
])('in phase %s the owner may be moved: %j', (phase, expected) => {
  expect(codes(phaseGate(state({ phase })))).toEqual(expected)
})

const running: SyncStatus = {
  direction: 'forward',
  epoch: 1,
  running: true,
  position: '0-1-1',
  lagMs: 40,
  positionsBehind: 0,
  applied: 1,
  error: null,
  parked: 0,
}

test('a sync that lags, stands or has parked changes is refused with its numbers', () => {
  const gates = { maxLagMs: 500 }
  expect(syncGate(running, 'customers', gates)).toEqual([])
  expect(syncGate({ ...running, lagMs: 4_200 }, 'customers', gates)).toEqual([
    {
      code: 'LAG_TOO_HIGH',
      message: 'lag 4200 ms > 500 ms',
      details: { lagMs: 4_200, maxLagMs: 500, positionsBehind: 0 },
    },
  ])
  expect(codes(syncGate({ ...running, running: false }, 'customers', gates))).toEqual(['SYNC_STOPPED'])
  expect(codes(syncGate(undefined, 'customers', gates))).toEqual(['SYNC_STOPPED'])
  expect(codes(syncGate({ ...running, parked: 1 }, 'customers', gates))).toEqual(['CHANGES_PARKED'])
})

test('a verification that is missing, old or has found differences is refused', () => {
  const gates = { verifyMaxAgeMs: 24 * hour }
  const found = { id: 1, at: new Date(), ageMs: hour, ok: true, rows: 10, diverged: 0 }
  expect(verificationGate(found, 'customers', gates)).toEqual([])
  expect(codes(verificationGate(undefined, 'customers', gates))).toEqual(['VERIFY_MISSING'])
  expect(codes(verificationGate({ ...found, ok: false, diverged: 3 }, 'customers', gates))).toEqual([
    'VERIFY_DIVERGED',
  ])
  const [stale] = verificationGate({ ...found, ageMs: 25 * hour }, 'customers', gates)
  expect(stale).toMatchObject({
    code: 'VERIFY_STALE',
    message: 'the last verification is 25.0 h old > 24.0 h',
  })
})

test('no data is a verdict of its own: too few comparisons are neither pass nor fail', () => {
  const gates = { minSamples: 200, maxDivergence: 0 }
  const figures = {
    samples: 300,
    matched: 300,
    ignored: 0,
    diverged: 0,
    errors: 0,
    noise: 0,
    noiseSamples: 0,
    divergence: { share: 0, low: 0, high: 0 },
    verdict: 'pass' as const,
    why: '0 of 200 diverged',
  }
  expect(comparisonGate(figures, 'customers', gates)).toEqual([])
  expect(codes(comparisonGate({ ...figures, samples: 199 }, 'customers', gates))).toEqual([
    'COMPARISON_INSUFFICIENT',
  ])
  const none = { ...figures, samples: 0, matched: 0, verdict: 'insufficient' as const }
  expect(codes(comparisonGate(none, 'customers', gates))).toEqual(['COMPARISON_INSUFFICIENT'])
  const surely = { ...figures, diverged: 9, divergence: { share: 0.04, low: 0.02, high: 0.08 } }
  expect(codes(comparisonGate(surely, 'customers', gates))).toEqual(['COMPARISON_FAILED'])
  expect(codes(comparisonGate({ ...figures, verdict: 'fail' }, 'customers', gates))).toEqual([
    'COMPARISON_FAILED',
  ])
  // As many diverged as legacy differs from itself: counts of noise are no share, and nothing stands out of it.
  const noisy = {
    ...figures,
    diverged: 3,
    noise: 3,
    noiseSamples: 200,
    divergence: { share: 0, low: 0, high: 0.03 },
  }
  expect(comparisonGate(noisy, 'customers', gates)).toEqual([])
  // Much noise must not hide what surely diverges beyond it.
  const both = { ...noisy, noise: 40, divergence: { share: 0.3, low: 0.2, high: 0.4 } }
  expect(codes(comparisonGate(both, 'customers', gates))).toEqual(['COMPARISON_FAILED'])
})

test('a drill that is missing, old or failed is refused', () => {
  const gates = { drillMaxAgeMs: 24 * hour }
  const drill = { id: 1, at: new Date(), ageMs: hour, ok: true, result: {} }
  expect(drillGate(drill, 'customers', gates)).toEqual([])
  expect(codes(drillGate(undefined, 'customers', gates))).toEqual(['DRILL_MISSING'])
  expect(codes(drillGate({ ...drill, ok: false }, 'customers', gates))).toEqual(['DRILL_FAILED'])
  expect(codes(drillGate({ ...drill, ageMs: 25 * hour }, 'customers', gates))).toEqual(['DRILL_STALE'])
})

test('a transaction that has been open for long is refused by name', () => {
  const found = [
    { connectionId: 7, user: 'nightly', ageMs: 9_000 },
    { connectionId: 8, user: 'monolith', ageMs: 3_000 },
  ]
  expect(transactionGate('legacy', [], { maxTransactionMs: 2_000 })).toEqual([])
  expect(transactionGate('legacy', found, { maxTransactionMs: 2_000 })[0]).toMatchObject({
    code: 'LONG_TRANSACTION',
    message: 'a transaction of nightly on the legacy side is open for 9000 ms > 2000 ms',
  })
})

test('a toggle by hand never pretends that the owner has moved, nor serves a side without data', () => {
  expect(codes(stageRefusals(state({}), 'canary'))).toEqual([])
  expect(codes(stageRefusals(state({ phase: 'planned' }), 'shadow'))).toEqual(['COPY_INCOMPLETE'])
  expect(codes(stageRefusals(state({ phase: 'planned' }), 'legacy'))).toEqual([])
  expect(codes(stageRefusals(state({}), 'extracted'))).toEqual(['STAGE_NEEDS_CUTOVER'])
  expect(codes(stageRefusals(state({ owner: 'extracted' }), 'canary'))).toEqual(['STAGE_NEEDS_ROLLBACK'])
  const retired = state({ owner: 'extracted', phase: 'retired' })
  expect(codes(stageRefusals(retired, 'extracted'))).toEqual(['RETIRED'])
})
