import { type Json, numberOf, recordOf, recordsOf, textOf } from '../render/json-fields.ts'
import {
  type Histogram,
  histogramDelta,
  quantileMs,
  readHistograms,
  sumHistograms,
} from './duration-histogram.ts'

export const sides = ['legacy', 'extracted'] as const
export type Side = (typeof sides)[number]

/** Requests per second, and milliseconds that half and 99 of 100 of them stayed below. */
export type SideFigures = {
  read: number
  write: number
  failed: number
  p50: number | null
  p99: number | null
}

/** One moment of one capability. */
export type Point = Record<Side, SideFigures> & { at: number; lagMs: number | null; parked: number }

/** What one proxy said at one moment. */
export type Reading = {
  elapsed: number
  status: Json
  histograms: ReadonlyMap<string, Histogram>
}

export function readProxy(status: Json, metrics: string, elapsed: number): Reading {
  return { elapsed, status, histograms: readHistograms(metrics) }
}

/**
 * What happened to a capability between two rounds of readings, of all proxies together.
 * @param later and `earlier` by the proxy's URL
 * @param at wall clock, milliseconds
 */
export function pointOf(
  capability: string,
  later: ReadonlyMap<string, Reading>,
  earlier: ReadonlyMap<string, Reading>,
  lagMs: number | null,
  at: number,
): Point {
  const figures = (side: Side) => sideFigures(capability, side, later, earlier)
  const parked = [...later.values()].reduce(
    (sum, { status }) => sum + (numberOf(recordOf(capabilityOf(status, capability).hold).parked) ?? 0),
    0,
  )
  return { at, lagMs, parked, legacy: figures('legacy'), extracted: figures('extracted') }
}

function sideFigures(
  capability: string,
  side: Side,
  later: ReadonlyMap<string, Reading>,
  earlier: ReadonlyMap<string, Reading>,
): SideFigures {
  const rates = { read: 0, write: 0, failed: 0 }
  const durations: Histogram[] = []
  for (const [url, now] of later) {
    const before = earlier.get(url)
    if (before === undefined) continue
    const seconds = (now.elapsed - before.elapsed) / 1_000
    const counted = countersOf(now.status, capability, side)
    const known = countersOf(before.status, capability, side)
    for (const key of ['read', 'write', 'failed'] as const) {
      const delta = counted[key] >= known[key] ? counted[key] - known[key] : counted[key]
      rates[key] += seconds > 0 ? delta / seconds : 0
    }
    const key = `${capability} ${side}`
    const histogram = now.histograms.get(key)
    if (histogram !== undefined) durations.push(histogramDelta(histogram, before.histograms.get(key)))
  }
  const sum = sumHistograms(durations)
  return {
    read: tenth(rates.read),
    write: tenth(rates.write),
    failed: tenth(rates.failed),
    p50: quantileMs(sum, 0.5),
    p99: quantileMs(sum, 0.99),
  }
}

/** All capabilities together: rates add up, durations do not; of the lags the worst. */
export function totalOf(points: readonly Point[], at: number): Point {
  const sum = (side: Side, key: 'read' | 'write' | 'failed') =>
    tenth(points.reduce((total, point) => total + point[side][key], 0))
  const figures = (side: Side): SideFigures => ({
    read: sum(side, 'read'),
    write: sum(side, 'write'),
    failed: sum(side, 'failed'),
    p50: null,
    p99: null,
  })
  const lags = points.flatMap(({ lagMs }) => lagMs ?? [])
  return {
    at,
    lagMs: lags.length === 0 ? null : Math.max(...lags),
    parked: points.reduce((total, { parked }) => total + parked, 0),
    legacy: figures('legacy'),
    extracted: figures('extracted'),
  }
}

export function capabilityOf(status: Json, name: string): Json {
  return recordsOf(status.capabilities).find(each => textOf(each.name) === name) ?? {}
}

function countersOf(status: Json, capability: string, side: Side) {
  const traffic = recordOf(recordOf(capabilityOf(status, capability).traffic)[side])
  return {
    read: numberOf(traffic.read) ?? 0,
    write: numberOf(traffic.write) ?? 0,
    failed: numberOf(traffic.failed) ?? 0,
  }
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10
}
