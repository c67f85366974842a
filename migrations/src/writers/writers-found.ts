import type { DeclaredWriter } from '../plan/plan.ts'
import type { PastWrites } from './past-writes.ts'
import type { Sighting } from './written.ts'

/** Where an account's writes seem to come from: requests and rows that rose and fell together, as a correlation of -1 to 1. */
export type Likely = { capability: string; correlation: number; requests: number }

export type AccountWrites = {
  account: string
  rows: number
  perSecond: number
  shapes: (Sighting & { answer: Answer | null })[]
  likely: Likely | null
}

/** How a plan answers a writer. */
export type Answer = DeclaredWriter['answer']

/** The document of `strangler writers CAPABILITY --json`, without its refusals. */
export type WritersFound = {
  capability: string
  seconds: number
  /** Writes of the capability that the proxies served on the legacy side meanwhile. */
  requests: number
  accounts: AccountWrites[]
  past: PastWrites
  /** Accounts with the right to write that were not seen doing so. */
  possible: string[]
}
