/** What a client was told of a write. `unknown`: no answer came, so it may or may not have happened. */
export type Outcome = 'acknowledged' | 'failed' | 'unknown'

/** Of whom a write was, and when it was sent and answered, in ms of one clock. */
export type Written = { subject: string; sentAt: number; answeredAt: number }

/** Every write of a drill with its token, in the order of the answers. */
export type Ledger = {
  record(token: string, outcome: Outcome, written?: Written): void
  outcomes(): ReadonlyMap<string, Outcome>
  /** The acknowledged writes whose times are known, by token. */
  acknowledged(): ReadonlyMap<string, Written>
}

export function createLedger(): Ledger {
  const outcomes = new Map<string, Outcome>()
  const acknowledged = new Map<string, Written>()
  return {
    record: (token, outcome, written) => {
      outcomes.set(token, outcome)
      if (outcome === 'acknowledged' && written !== undefined) acknowledged.set(token, written)
    },
    outcomes: () => outcomes,
    acknowledged: () => acknowledged,
  }
}

/** How often each token was found, per side. */
export type Counts = Readonly<Record<'legacy' | 'extracted', ReadonlyMap<string, number>>>

export type Proof = {
  acknowledged: number
  unknown: number
  /** Of the unknown ones: those that happened after all. */
  unknownApplied: number
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
  const proof: Proof = {
    acknowledged: 0,
    unknown: 0,
    unknownApplied: 0,
    lost: [],
    duplicated: [],
    apart: [],
  }
  for (const [token, outcome] of outcomes) {
    const legacy = times('legacy', token)
    const extracted = times('extracted', token)
    if (outcome === 'acknowledged') proof.acknowledged++
    if (outcome === 'unknown') {
      proof.unknown++
      proof.unknownApplied += Math.max(legacy, extracted) > 0 ? 1 : 0
    }
    if (outcome === 'acknowledged' && Math.min(legacy, extracted) === 0) proof.lost.push(token)
    if (Math.max(legacy, extracted) > 1) proof.duplicated.push(token)
    if (legacy !== extracted) proof.apart.push(token)
  }
  return proof
}
