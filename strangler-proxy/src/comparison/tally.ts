import type { LatencyCounts } from './latency-histogram.ts'

/** What was seen of one route. Adds up: over routes, and over workers. */
export type Tally = {
  matched: number
  ignored: number
  diverged: number
  errors: number
  noise: number
  noiseSamples: number
  legacy: LatencyCounts
  extracted: LatencyCounts
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

/** All that a ledger knows, as data. */
export type LedgerSnapshot = {
  routes: readonly (readonly [route: string, tally: Tally])[]
  divergences: readonly Divergence[]
}
