import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ComparisonLedger } from '../src/comparison/comparison-ledger.ts'
import { judgeComparison, type Limits, wilson } from '../src/comparison/judge-comparison.ts'
import { LatencyHistogram } from '../src/comparison/latency-histogram.ts'
import type { Tally } from '../src/comparison/tally.ts'

const limits: Limits = { minSamples: 50, maxDivergence: 0, aboveNoise: 0.2, confidence: 0.95 }

function tally(samples: number, diverged: number, more: Partial<Tally> = {}): Tally {
  return {
    matched: samples - diverged,
    ignored: 0,
    diverged,
    errors: 0,
    noise: 0,
    noiseSamples: 0,
    legacy: [],
    extracted: [],
    ...more,
  }
}

const verdict = (of: Tally, more: Partial<Limits> = {}) => judgeComparison(of, { ...limits, ...more }).verdict

test('too few samples are a verdict of their own, whatever they show', () => {
  expect(verdict(tally(49, 0))).toBe('insufficient')
  expect(verdict(tally(49, 49))).toBe('insufficient')
  expect(verdict(tally(50, 0))).toBe('pass')
})

test('one divergence that nothing explains fails where none is allowed', () => {
  expect(verdict(tally(50, 1))).toBe('fail')
  expect(verdict(tally(100_000, 1))).toBe('fail')
})

test('divergence that noise explains passes, and what stands out of it fails', () => {
  const noisy = { noise: 20, noiseSamples: 100 }
  expect(verdict(tally(400, 80, noisy))).toBe('pass')
  expect(verdict(tally(400, 100, noisy))).toBe('pass')
  expect(verdict(tally(400, 200, noisy))).toBe('fail')
})

test('a little noise seen in a few samples does not excuse much divergence, nor does it condemn a little', () => {
  expect(verdict(tally(1_000, 900, { noise: 1, noiseSamples: 10 }))).toBe('fail')
  expect(verdict(tally(1_000, 160, { noise: 1, noiseSamples: 10 }))).toBe('insufficient')
  expect(verdict(tally(1_000, 140, { noise: 1, noiseSamples: 10 }))).toBe('pass')
  expect(verdict(tally(50, 1, { noise: 0, noiseSamples: 3 }))).toBe('fail')
})

test('the relative bar keeps a tiny excess over large noise from failing, however many samples prove it', () => {
  const noisy = { noise: 100_000, noiseSamples: 1_000_000 }
  expect(verdict(tally(1_000_000, 110_000, noisy))).toBe('pass')
  expect(verdict(tally(1_000_000, 110_000, noisy), { aboveNoise: 0.01 })).toBe('fail')
})

test('a limit above zero is passed or failed once the whole interval is on one side of it', () => {
  const allowing = { maxDivergence: 0.01 }
  expect(verdict(tally(100, 2), allowing)).toBe('insufficient')
  expect(verdict(tally(100, 10), allowing)).toBe('fail')
  expect(verdict(tally(10_000, 20), allowing)).toBe('pass')
  expect(verdict(tally(50, 0), allowing)).toBe('pass')
  expect(judgeComparison(tally(100, 2), { ...limits, ...allowing })).toMatchObject({
    why: expect.stringContaining('more samples are needed'),
    divergence: { share: 0.02, low: 0.005502, high: 0.070013 },
  })
})

test('more confidence needs more samples', () => {
  const allowing = { maxDivergence: 0.01 }
  expect(verdict(tally(1_000, 18), { ...allowing, confidence: 0.9 })).toBe('fail')
  expect(verdict(tally(1_000, 18), { ...allowing, confidence: 0.99 })).toBe('insufficient')
})

test('the bounds are those of Wilson, also at none and all', () => {
  expect(wilson(5, 10, 1.96)).toMatchObject({
    low: expect.closeTo(0.2366, 4),
    high: expect.closeTo(0.7634, 4),
  })
  expect(wilson(0, 10, 1.96)).toMatchObject({ low: 0, high: expect.closeTo(0.2775, 4) })
  expect(wilson(10, 10, 1.96)).toMatchObject({ low: expect.closeTo(0.7225, 4), high: 1 })
  fc.assert(
    fc.property(fc.nat(1_000), fc.nat(1_000), (count, more) => {
      fc.pre(count + more > 0)
      const { low, share, high } = wilson(count, count + more, 1.96)
      expect(0 <= low && low <= share && share <= high && high <= 1).toBe(true)
    }),
  )
})

test('an extracted side that is slower than the file allows fails, and says by how much', () => {
  const spread = (factor: number) => {
    const histogram = new LatencyHistogram()
    for (let ms = 1; ms <= 200; ms++) histogram.add(ms * factor)
    return histogram.counts()
  }
  const slow = tally(200, 0, { legacy: spread(1), extracted: spread(3) })
  expect(verdict(slow)).toBe('pass')
  expect(judgeComparison(slow, { ...limits, maxSlowdown: 1.5 })).toMatchObject({
    verdict: 'fail',
    why: expect.stringMatching(/ms, 1.5 times legacy's p95$/),
  })
  expect(verdict(tally(200, 0, { legacy: spread(1), extracted: spread(1.4) }), { maxSlowdown: 1.5 })).toBe(
    'pass',
  )
})

test('quantiles are right within a bucket, and histograms add up', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.02, max: 60_000, noNaN: true }), { minLength: 1 }), values => {
      const whole = new LatencyHistogram()
      for (const value of values) whole.add(value)
      const parts = new LatencyHistogram()
      for (const value of values) parts.merge(new LatencyHistogram([...wholeOf(value)]).counts())
      expect(parts.quantile(0.99)).toBe(whole.quantile(0.99))
      const exact = [...values].sort((one, other) => one - other)[Math.ceil(values.length * 0.99) - 1]!
      expect(Math.abs(whole.quantile(0.99) - exact)).toBeLessThan(exact * 0.05 + 0.01)
    }),
  )
})

function wholeOf(value: number) {
  const one = new LatencyHistogram()
  one.add(value)
  return one.counts()
}

test('one failing route fails its capability, and ledgers of several workers add up', () => {
  const [one, other] = [new ComparisonLedger('customers'), new ComparisonLedger('customers')]
  const matched = { result: 'matched', divergences: [], ignored: [] } as const
  const diverged = {
    result: 'diverged',
    divergences: [{ path: 'name', legacy: 'a', extracted: 'b' }],
    ignored: [],
  } as const
  for (let index = 0; index < 60; index++) one.record('GET /a', matched, 't')
  for (let index = 0; index < 30; index++)
    for (const ledger of [one, other]) ledger.record('GET /b', diverged, 't')
  expect(one.summary(limits)).toMatchObject({ verdict: 'fail' })
  const all = new ComparisonLedger('customers')
  all.add(one.snapshot())
  all.add(other.snapshot())
  expect(all.report(limits)).toMatchObject({
    samples: 120,
    verdict: 'fail',
    why: expect.stringMatching(/^GET \/b: /),
    routes: [
      { route: 'GET /a', verdict: 'pass' },
      { route: 'GET /b', samples: 60, verdict: 'fail' },
    ],
    divergences: [{ route: 'GET /b', path: 'name', count: 60 }],
  })
})
