import { expect, test } from '@jest/globals'
import { histogramDelta, quantileMs, readHistograms } from '../src/dashboard/duration-histogram.ts'
import { pointOf, type Reading, readProxy, totalOf } from '../src/dashboard/traffic-figures.ts'

function metrics(legacy: readonly number[]): string {
  const bounds = ['0.01', '0.1', '1', '+Inf']
  return bounds
    .map(
      (le, at) =>
        `strangler_request_duration_seconds_bucket{le="${le}",capability="customers",side="legacy"} ${legacy[at]}`,
    )
    .join('\n')
}

function status(read: number, write: number) {
  return {
    capabilities: [
      { name: 'customers', hold: null, traffic: { legacy: { read, write, failed: 1 }, extracted: {} } },
    ],
  }
}

const round = (...readings: Reading[]) => new Map(readings.map((reading, at) => [`proxy ${at}`, reading]))

test('a quantile lies within its bucket, in proportion', () => {
  const histogram = readHistograms(metrics([50, 90, 100, 100])).get('customers legacy')!
  expect(quantileMs(histogram, 0.5)).toBe(10)
  expect(quantileMs(histogram, 0.7)).toBe(55)
  expect(quantileMs(histogram, 0.95)).toBe(550)
})

test('no request has no quantile, and one beyond the last bound is shown as that bound', () => {
  expect(quantileMs(new Map(), 0.5)).toBeNull()
  expect(quantileMs(readHistograms(metrics([0, 0, 0, 3])).get('customers legacy')!, 0.5)).toBe(1_000)
})

test('durations are those since the last look, and all of them after a restart', () => {
  const earlier = new Map([[1, 10]])
  expect(histogramDelta(new Map([[1, 14]]), earlier)).toEqual(new Map([[1, 4]]))
  expect(histogramDelta(new Map([[1, 3]]), earlier)).toEqual(new Map([[1, 3]]))
})

test('rates are per second, over all proxies, and never negative after a restart', () => {
  const earlier = round(readProxy(status(100, 10), '', 0), readProxy(status(1_000, 0), '', 0))
  const later = round(
    readProxy(status(140, 20), metrics([1, 1, 1, 1]), 2_000),
    readProxy(status(6, 0), metrics([0, 1, 1, 1]), 2_000),
  )
  const point = pointOf('customers', later, earlier, 4, 99)
  expect(point).toMatchObject({ at: 99, lagMs: 4, parked: 0, legacy: { read: 23, write: 5, failed: 0 } })
  expect(point.legacy.p50).toBe(10)
  expect(totalOf([point, { ...point, lagMs: 9 }], 100)).toMatchObject({
    at: 100,
    lagMs: 9,
    legacy: { read: 46 },
  })
})

test('a proxy that was not there before adds nothing yet', () => {
  const later = round(readProxy(status(140, 20), '', 2_000))
  expect(pointOf('customers', later, new Map(), null, 0).legacy).toMatchObject({ read: 0, p50: null })
})
