/** What a write brings about: something new, a new value of a field, or a movement of a product's stock. */
export type Effect =
  | { kind: 'added'; what: Added; token: string }
  | { kind: 'set'; what: Owned; id: string; field: string; value: string }
  | { kind: 'moved'; sku: string; by: number }

export type Added = 'customer' | 'note' | 'product'
export type Owned = 'customer' | 'product'

type Entry = { effect: Effect; outcome: 'acknowledged' | 'unknown' }

/** The last acknowledged value of a field, then values of later writes that got no answer. */
export type ExpectedField = { what: Owned; id: string; field: string; allowed: string[] }

/** What the databases must hold, by the word that clients were given. */
export type Expectation = {
  /** Tokens that must be there exactly once. One that got no answer may be there or not, and never twice. */
  added: Readonly<Record<Added, ReadonlySet<string>>>
  set: readonly ExpectedField[]
  /** By how much the stock of each product has moved: the same number twice unless some movements got no answer. */
  moved: ReadonlyMap<string, { least: number; most: number }>
}

export type Ledger = {
  record(effect: Effect, outcome: 'acknowledged' | 'unknown'): void
  counts(): { acknowledged: number; unknown: number }
  expectation(): Expectation
}

/** Every write that a client was told is done, in the order in which each owner's writes were answered. */
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
  const added = { customer: new Set<string>(), note: new Set<string>(), product: new Set<string>() }
  const set = new Map<string, ExpectedField>()
  const moved = new Map<string, { least: number; most: number }>()
  for (const { effect, outcome } of entries) {
    const isSure = outcome === 'acknowledged'
    if (effect.kind === 'added') {
      if (isSure) added[effect.what].add(effect.token)
    } else if (effect.kind === 'set') {
      const { what, id, field, value } = effect
      const key = `${what} ${id} ${field}`
      if (isSure) set.set(key, { what, id, field, allowed: [value] })
      else set.get(key)?.allowed.push(value)
    } else {
      const { least, most } = moved.get(effect.sku) ?? { least: 0, most: 0 }
      moved.set(effect.sku, {
        least: least + (isSure ? effect.by : Math.min(0, effect.by)),
        most: most + (isSure ? effect.by : Math.max(0, effect.by)),
      })
    }
  }
  return { added, set: [...set.values()], moved }
}
