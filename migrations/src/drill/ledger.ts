/** What a client was told of a write. `unknown`: no answer came, so it may or may not have happened. */
export type Outcome = 'acknowledged' | 'failed' | 'unknown'

/** Every write of a drill with its token, in the order of the answers. */
export type Ledger = {
  record(token: string, outcome: Outcome): void
  outcomes(): ReadonlyMap<string, Outcome>
}

export function createLedger(): Ledger {
  const outcomes = new Map<string, Outcome>()
  return {
    record: (token, outcome) => {
      outcomes.set(token, outcome)
    },
    outcomes: () => outcomes,
  }
}

/** How often each token was found, per side. */
export type Counts = Readonly<Record<'legacy' | 'extracted', ReadonlyMap<string, number>>>

export type Proof = {
  acknowledged: number
  unknown: number
  /** Acknowledged tokens that a side does not have. */
  lost: string[]
  /** Tokens that a side has more than once. */
  duplicated: string[]
  /** Tokens that one side has and the other has not, whatever the client was told. */
  apart: string[]
}

/**
 * Holds both databases against the ledger: each acknowledged write exactly once on both sides, each of unknown outcome
 * once or not at all, and the same on both.
 */
export function prove(outcomes: ReadonlyMap<string, Outcome>, counts: Counts): Proof {
  const times = (side: 'legacy' | 'extracted', token: string) => counts[side].get(token) ?? 0
  const proof: Proof = { acknowledged: 0, unknown: 0, lost: [], duplicated: [], apart: [] }
  for (const [token, outcome] of outcomes) {
    const legacy = times('legacy', token)
    const extracted = times('extracted', token)
    if (outcome === 'acknowledged') proof.acknowledged++
    else proof.unknown += outcome === 'unknown' ? 1 : 0
    if (outcome === 'acknowledged' && Math.min(legacy, extracted) === 0) proof.lost.push(token)
    if (Math.max(legacy, extracted) > 1) proof.duplicated.push(token)
    if (legacy !== extracted) proof.apart.push(token)
  }
  return proof
}
