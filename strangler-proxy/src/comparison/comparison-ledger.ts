import type { ComparisonConfig, Side } from '../config/config-schema.ts'
import { quantiles } from '../holding/quantiles.ts'
import type { Comparison } from './compare-observations.ts'

export type Verdict = 'pass' | 'fail' | 'insufficient'

export type Counts = {
  /** Reads that were compared: matched + ignored + diverged. */
  samples: number
  matched: number
  ignored: number
  diverged: number
  /** Reads that could not be compared: the other side did not answer, or not in its own format. */
  errors: number
  /** Reads for which legacy differed from itself. */
  noise: number
  verdict: Verdict
}

export type RouteComparison = Counts & {
  route: string
  legacyMs: { p50: number; p99: number }
  extractedMs: { p50: number; p99: number }
}

export type Divergence = {
  route: string
  path: string
  count: number
  /** One example. */
  legacy: string
  extracted: string
  traceId: string
}

export type ComparisonReport = Counts & {
  capability: string
  routes: RouteComparison[]
  divergences: Divergence[]
}

type Tally = {
  matched: number
  ignored: number
  diverged: number
  errors: number
  noise: number
  noiseSamples: number
  legacy: number[]
  extracted: number[]
}

const maxDivergences = 200
const latencies = 1_024

/** What the comparisons of one capability have shown since it was made; bounded. */
export class ComparisonLedger {
  readonly capability: string
  #routes = new Map<string, Tally>()
  #divergences = new Map<string, Divergence>()

  constructor(capability: string) {
    this.capability = capability
  }

  record(route: string, comparison: Comparison, traceId: string): void {
    const tally = this.#tally(route)
    tally[comparison.result]++
    for (const { path, legacy, extracted } of comparison.divergences) {
      const key = `${route} ${path}`
      const known = this.#divergences.get(key)
      if (known !== undefined) known.count++
      else if (this.#divergences.size < maxDivergences)
        this.#divergences.set(key, { route, path, count: 1, legacy, extracted, traceId })
    }
  }

  recordError(route: string): void {
    this.#tally(route).errors++
  }

  recordNoise(route: string, differed: boolean): void {
    const tally = this.#tally(route)
    tally.noiseSamples++
    if (differed) tally.noise++
  }

  recordLatency(route: string, side: Side, ms: number): void {
    const kept = this.#tally(route)[side]
    kept.push(ms)
    if (kept.length > 2 * latencies) kept.splice(0, latencies)
  }

  summary(config: ComparisonConfig): Counts {
    const tallies = [...this.#routes.values()]
    const total = counts(sum(tallies), config)
    // One route that diverges is enough, however many others agree.
    const failing = tallies.some(tally => counts(tally, config).verdict === 'fail')
    return failing ? { ...total, verdict: 'fail' } : total
  }

  report(config: ComparisonConfig): ComparisonReport {
    const routes = [...this.#routes].map(([route, tally]) => ({
      route,
      ...counts(tally, config),
      legacyMs: latency(tally.legacy),
      extractedMs: latency(tally.extracted),
    }))
    return {
      capability: this.capability,
      ...this.summary(config),
      routes,
      divergences: [...this.#divergences.values()].sort((one, other) => other.count - one.count),
    }
  }

  #tally(route: string): Tally {
    let tally = this.#routes.get(route)
    if (tally === undefined) {
      tally = emptyTally()
      this.#routes.set(route, tally)
    }
    return tally
  }
}

/**
 * `insufficient` below `minSamples`; `fail` where the share of divergences, less the share in which legacy
 * differed from itself, is over `maxDivergence`.
 */
function counts(tally: Tally, config: ComparisonConfig): Counts {
  const { matched, ignored, diverged, errors, noise, noiseSamples } = tally
  const samples = matched + ignored + diverged
  const floor = noiseSamples === 0 ? 0 : noise / noiseSamples
  const over = samples > 0 && diverged / samples - floor > config.maxDivergence
  const verdict = samples < config.minSamples ? 'insufficient' : over ? 'fail' : 'pass'
  return { samples, matched, ignored, diverged, errors, noise, verdict }
}

function sum(tallies: readonly Tally[]): Tally {
  const total = emptyTally()
  for (const tally of tallies) {
    total.matched += tally.matched
    total.ignored += tally.ignored
    total.diverged += tally.diverged
    total.errors += tally.errors
    total.noise += tally.noise
    total.noiseSamples += tally.noiseSamples
  }
  return total
}

function emptyTally(): Tally {
  return {
    matched: 0,
    ignored: 0,
    diverged: 0,
    errors: 0,
    noise: 0,
    noiseSamples: 0,
    legacy: [],
    extracted: [],
  }
}

function latency(values: readonly number[]): { p50: number; p99: number } {
  const { p50Ms, p99Ms } = quantiles(values)
  return { p50: p50Ms, p99: p99Ms }
}
