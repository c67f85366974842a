/** A field whose last acknowledged value must be found afterwards. */
export type Field = 'name' | 'phone' | 'creditLimit'

export type Effect =
  | { kind: 'created'; token: string }
  | { kind: 'noted'; token: string }
  | { kind: 'set'; customer: number; field: Field; value: string }

type Entry = { effect: Effect; outcome: 'acknowledged' | 'unknown' }

/** What the databases must hold, by the word that clients were given. */
export type Expectation = {
  /** Tokens that must be there exactly once. One that got no answer may be there or not, and never twice. */
  created: ReadonlySet<string>
  noted: ReadonlySet<string>
  /** Per customer and field: the last acknowledged value, then values of later writes that got no answer. */
  set: ReadonlyMap<string, { customer: number; field: Field; allowed: readonly string[] }>
}

export type Ledger = {
  record(effect: Effect, outcome: 'acknowledged' | 'unknown'): void
  counts(): { acknowledged: number; unknown: number }
  expectation(): Expectation
}

/** Every write that a client was told is done, in the order in which each customer's writes were answered. */
export function createLedger(): Ledger {
  const entries: Entry[] = []
  return {
    record: (effect, outcome) => {
      entries.push({ effect, outcome })
    },
    counts: () => {
      const acknowledged = entries.filter(entry => entry.outcome === 'acknowledged').length
      return { acknowledged, unknown: entries.length - acknowledged }
    },
    expectation: () => expect(entries),
  }
}

function expect(entries: readonly Entry[]): Expectation {
  const created = new Set<string>()
  const noted = new Set<string>()
  const set = new Map<string, { customer: number; field: Field; allowed: string[] }>()
  for (const { effect, outcome } of entries) {
    if (effect.kind === 'set') {
      const key = `${effect.customer}.${effect.field}`
      const known = set.get(key)
      if (outcome === 'acknowledged')
        set.set(key, { customer: effect.customer, field: effect.field, allowed: [effect.value] })
      else if (known !== undefined) known.allowed.push(effect.value)
    } else if (outcome === 'acknowledged') (effect.kind === 'created' ? created : noted).add(effect.token)
  }
  return { created, noted, set }
}
