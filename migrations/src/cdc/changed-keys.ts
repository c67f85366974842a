import { type Key, keyText } from '../data/row-key.ts'
import { mappingName } from '../data/table-mapping.ts'
import type { RowWrite } from './row-write.ts'

/** A row's key on both sides. */
export type ChangedKey = { source: Key; target: Key }

/** Keys of rows changed since an earlier moment. */
export type ChangedKeys = {
  /** False when there were too many to keep: then verify everything. */
  complete: boolean
  /** Every change that the stream brought after this position is in `keys`. */
  since: string
  /** By `mappingName`. */
  keys: ReadonlyMap<string, readonly ChangedKey[]>
}

export type ChangedKeyLog = {
  add(writes: readonly RowWrite[]): void
  /** Answers what was added since the last call and begins anew. */
  take(position: string): ChangedKeys
}

/** Some 10 MB of each kind at most. */
const maxNumbers = 200_000
const maxOthers = 30_000

/** One mapping's keys: a number that is the key on both sides, as most are, costs a fraction of any other. */
type Known = { numbers: Set<number>; others: Map<string, ChangedKey> }

/** Remembers which rows were changed, so that a cutover verifies those alone while writes are held. */
export function createChangedKeyLog(since: string): ChangedKeyLog {
  let begun = since
  let known = new Map<string, Known>()
  let [numbers, others] = [0, 0]
  let complete = true

  const remember = (name: string, source: Key, target: Key) => {
    const of = known.get(name) ?? { numbers: new Set(), others: new Map() }
    known.set(name, of)
    const [only] = source
    if (source.length === 1 && target.length === 1 && typeof only === 'number' && target[0] === only) {
      if (of.numbers.has(only)) return
      if (numbers >= maxNumbers) complete = false
      else {
        of.numbers.add(only)
        numbers++
      }
      return
    }
    const text = `${keyText(source)}\n${keyText(target)}`
    if (of.others.has(text)) return
    if (others >= maxOthers) complete = false
    else {
      of.others.set(text, { source, target })
      others++
    }
  }
  const forget = () => {
    known = new Map()
    numbers = 0
    others = 0
  }
  return {
    add(writes) {
      // all of them will have to be compared: nothing more needs to be known
      if (!complete) return
      for (const { table, key, previousKey, sourceKey, newSourceKey } of writes) {
        if (table.mapping.births) continue
        const name = mappingName(table.mapping)
        remember(name, sourceKey, previousKey ?? key)
        if (previousKey !== null) remember(name, newSourceKey, key)
      }
      if (!complete) forget()
    },
    take(position) {
      const taken: ChangedKeys = { complete, since: begun, keys: listed(known) }
      begun = position
      forget()
      complete = true
      return taken
    },
  }
}

function listed(known: ReadonlyMap<string, Known>): Map<string, ChangedKey[]> {
  return new Map(
    [...known].map(([name, { numbers, others }]) => [
      name,
      [...[...numbers].map(key => ({ source: [key], target: [key] })), ...others.values()],
    ]),
  )
}
