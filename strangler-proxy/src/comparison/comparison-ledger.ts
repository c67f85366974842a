import type { Side } from '../config/config-schema.ts'
import type { Comparison } from './compare-observations.ts'
import { type Interval, judgeComparison, type Limits, type Verdict } from './judge-comparison.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { Divergence, LedgerSnapshot, Tally } from './tally.ts'

export type Counts = {
  /** Reads that were compared: matched + ignored + diverged. */
  samples: number
  matched: number
  ignored: number
  diverged: number
  /** Reads that could not be compared: the other side did not answer, or not in its own format. */
  errors: number
  /** Reads for which legacy differed from itself, of `noiseSamples` that asked it twice. */
  noise: number
  noiseSamples: number
  verdict: Verdict
  /** What the verdict rests on, in a sentence. */
  why: string
  /** Share that diverged less the share that is noise, with its bounds. */
  divergence: Interval
}

export type RouteComparison = Counts & {
  route: string
  legacyMs: { p50: number; p99: number }
  extractedMs: { p50: number; p99: number }
}

export type ComparisonReport = Counts & {
  capability: string
  routes: RouteComparison[]
  divergences: Divergence[]
}

type Entry = Omit<Tally, Side> & Record<Side, LatencyHistogram>

const maxDivergences = 200

/** What the comparisons of one capability have shown since it was made; bounded. */
export class ComparisonLedger {
  readonly capability: string
  #routes = new Map<string, Entry>()
  #divergences = new Map<string, Divergence>()

  constructor(capability: string) {
    this.capability = capability
  }

  record(route: string, comparison: Comparison, traceId: string): void {
    this.#entry(route)[comparison.result]++
    for (const { path, legacy, extracted } of comparison.divergences)
      this.#diverged({ route, path, count: 1, legacy, extracted, traceId })
  }

  recordError(route: string): void {
    this.#entry(route).errors++
  }

  recordNoise(route: string, differed: boolean): void {
    const entry = this.#entry(route)
    entry.noiseSamples++
    if (differed) entry.noise++
  }

  recordLatency(route: string, side: Side, ms: number): void {
    this.#entry(route)[side].add(ms)
  }

  /** Takes over what another ledger of the capability has seen. */
  add({ routes, divergences }: LedgerSnapshot): void {
    for (const [route, tally] of routes) addTally(this.#entry(route), tally)
    for (const divergence of divergences) this.#diverged(divergence)
  }

  snapshot(): LedgerSnapshot {
    return {
      routes: [...this.#routes].map(([route, entry]) => [route, tallyOf(entry)]),
      divergences: [...this.#divergences.values()],
    }
  }

  summary(limits: Limits): Counts {
    const entries = [...this.#routes.values()]
    const total = emptyEntry()
    for (const entry of entries) addTally(total, tallyOf(entry))
    const all = counts(tallyOf(total), limits)
    // One route that fails is enough, however many others agree.
    const failing = [...this.#routes]
      .map(([route, entry]) => ({ route, ...counts(tallyOf(entry), limits) }))
      .find(({ verdict }) => verdict === 'fail')
    return failing === undefined ? all : { ...all, verdict: 'fail', why: `${failing.route}: ${failing.why}` }
  }

  report(limits: Limits): ComparisonReport {
    const routes = [...this.#routes].map(([route, entry]) => ({
      route,
      ...counts(tallyOf(entry), limits),
      legacyMs: latency(entry.legacy),
      extractedMs: latency(entry.extracted),
    }))
    return {
      capability: this.capability,
      ...this.summary(limits),
      routes,
      divergences: [...this.#divergences.values()].sort((one, other) => other.count - one.count),
    }
  }

  #diverged(divergence: Divergence): void {
    const key = `${divergence.route} ${divergence.path}`
    const known = this.#divergences.get(key)
    if (known !== undefined) known.count += divergence.count
    else if (this.#divergences.size < maxDivergences) this.#divergences.set(key, { ...divergence })
  }

  #entry(route: string): Entry {
    let entry = this.#routes.get(route)
    if (entry === undefined) {
      entry = emptyEntry()
      this.#routes.set(route, entry)
    }
    return entry
  }
}

function counts(tally: Tally, limits: Limits): Counts {
  const { matched, ignored, diverged, errors, noise, noiseSamples } = tally
  const samples = matched + ignored + diverged
  return {
    samples,
    matched,
    ignored,
    diverged,
    errors,
    noise,
    noiseSamples,
    ...judgeComparison(tally, limits),
  }
}

function addTally(to: Entry, tally: Tally): void {
  to.matched += tally.matched
  to.ignored += tally.ignored
  to.diverged += tally.diverged
  to.errors += tally.errors
  to.noise += tally.noise
  to.noiseSamples += tally.noiseSamples
  to.legacy.merge(tally.legacy)
  to.extracted.merge(tally.extracted)
}

function tallyOf(entry: Entry): Tally {
  return { ...entry, legacy: entry.legacy.counts(), extracted: entry.extracted.counts() }
}

function emptyEntry(): Entry {
  return {
    matched: 0,
    ignored: 0,
    diverged: 0,
    errors: 0,
    noise: 0,
    noiseSamples: 0,
    legacy: new LatencyHistogram(),
    extracted: new LatencyHistogram(),
  }
}

function latency(values: LatencyHistogram): { p50: number; p99: number } {
  return { p50: values.quantile(0.5), p99: values.quantile(0.99) }
}
