import type { TableMapping } from '../data/table-mapping.ts'
import type { WriteEvent } from '../writers/written.ts'

/** How a capability is moved, as data: what is moved, which numbers gate it, and the steps in order. */
export type Plan = {
  capability: string
  /** `none`: nothing of its own is moved, as `data: none` in strangler.yaml; no tables, databases, writers or drill then. */
  data?: 'synced' | 'none'
  /** Capabilities that must be served by the extracted side before this one is. */
  dependsOn?: readonly string[]
  /** Capabilities whose legacy tables the monolith reads for this one: they are not retired before it has moved. */
  reads?: readonly string[]
  /** The same, told from the other end, of a capability that may have no plan. */
  readBy?: readonly string[]
  /** Names of the two sides' databases: STRANGLER_DB_<NAME> and STRANGLER_APPLIER_<NAME> say where they are. */
  databases?: { legacy: string; extracted: string }
  /** Parents before children. */
  tables: readonly TableMapping[]
  /** Everybody who writes the legacy tables besides the toolkit, and what becomes of their writes. */
  writers: readonly DeclaredWriter[]
  gates: Gates
  steps: readonly StepSpec[]
  /** Without it there is no drill, hence no cutover. */
  drill?: DrillLoad
}

/**
 * One account that writes the legacy tables. `moves`: its writes are requests of the capability's routes, which the cutover
 * takes along. `fenced`: from the cutover on the fence refuses it, and that is intended. `keeps`: it updates columns that the
 * mapping leaves to others or shares, and goes on doing so.
 */
export type DeclaredWriter = {
  account: string
  /** What it writes; without `events` or `columns` any of them. */
  writes: readonly { table: string; events?: readonly WriteEvent[]; columns?: readonly string[] }[]
  answer: 'moves' | 'fenced' | 'keeps'
  reason: string
}

/** The numbers that decide. */
export type Gates = {
  maxLagMs: number
  /** How old the last full verification may be. */
  verifyMaxAgeMs: number
  /** Comparisons needed over all routes before their verdict counts. */
  minSamples: number
  /** Share of comparisons that may diverge, beyond the noise. */
  maxDivergence: number
  /** How old the last passed drill may be. */
  drillMaxAgeMs: number
  /** How old the last look at who writes may be. */
  writersMaxAgeMs: number
  /** A transaction that has been open for longer stands in the way of a fence. */
  maxTransactionMs: number
  /** How long a rollback must stay possible: the binlog reaches back as far. */
  soakSeconds: number
}

/** `waitSeconds` is how long the gate waits for enough samples before it says that there are too few. */
export type StepSpec =
  | { kind: 'backfill' }
  | { kind: 'sync' }
  | { kind: 'verify' }
  | { kind: 'writers'; seconds: number }
  | { kind: 'stage'; stage: 'shadow' }
  | { kind: 'stage'; stage: 'canary'; percent: number }
  | { kind: 'stage'; stage: 'extracted' }
  | { kind: 'compare-gate'; waitSeconds: number }
  | { kind: 'drill'; ratePerSecond: number; seconds: number }
  | { kind: 'cutover' }

export type StepKind = StepSpec['kind']

/** The writes that a drill makes, each with a token of its own, and how the token is found again. */
export type DrillLoad = {
  /** A query of the legacy database with one column `id`: the rows that the writes go to. */
  subjects: string
  writes: readonly DrillWrite[]
  /** What a caller reads to see its own writes: the answer has their tokens in it. Without it reads are not proven. */
  read?: { name: string; request(subject: string): DrillRequest }
  /** A query per side with one `?` (a LIKE pattern of tokens) that answers `token` and `times`. */
  count: { legacy: string; extracted: string }
  /** The same, answering `token` and `place`, which grows with each write of a subject. Without it order is not proven. */
  order?: { legacy: string; extracted: string }
}

/** `body` null: none. */
export type DrillRequest = {
  method: string
  path: string
  headers: Record<string, string>
  body: string | null
}

export type DrillWrite = {
  name: string
  protocol: 'rest' | 'soap'
  request(subject: string, token: string): DrillRequest
}

/** What a step is called in lists, journal and progress: `canary 10 %`. */
export function stepName(step: StepSpec): string {
  if (step.kind !== 'stage') return step.kind
  return step.stage === 'canary' ? `canary ${step.percent} %` : step.stage
}
