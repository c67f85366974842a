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

/** Some 20 MB at most. */
const maxKeys = 200_000

/** Remembers which rows were changed, so that a cutover verifies those alone while writes are held. */
export function createChangedKeyLog(since: string): ChangedKeyLog {
  let begun = since
  let keys = new Map<string, Map<string, ChangedKey>>()
  let count = 0
  let complete = true

  const remember = (table: string, source: Key, target: Key) => {
    const known = keys.get(table) ?? new Map<string, ChangedKey>()
    keys.set(table, known)
    const text = `${keyText(source)}\n${keyText(target)}`
    if (known.has(text)) return
    if (count >= maxKeys) {
      complete = false
      return
    }
    known.set(text, { source, target })
    count++
  }
  return {
    add(writes) {
      for (const { table, key, previousKey, sourceKey, newSourceKey } of writes) {
        if (table.mapping.births) continue
        const name = mappingName(table.mapping)
        remember(name, sourceKey, previousKey ?? key)
        if (previousKey !== null) remember(name, newSourceKey, key)
      }
    },
    take(position) {
      const taken: ChangedKeys = {
        complete,
        since: begun,
        keys: new Map([...keys].map(([table, known]) => [table, [...known.values()]])),
      }
      begun = position
      keys = new Map()
      count = 0
      complete = true
      return taken
    },
  }
}
