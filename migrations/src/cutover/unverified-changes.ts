import type { ChangedKeys } from '../cdc/changed-keys.ts'
import type { Sync } from '../cdc/sync.ts'

/**
 * The keys that a sync has changed since both sides were last found equal. Whoever verifies takes them, and gives them
 * back when the verification did not succeed, so that no change is ever forgotten.
 */
export type UnverifiedChanges = {
  /** Every row is being compared from now on: only later changes count. */
  restart(): void
  /** That comparison did not succeed: the next one must look at every row. */
  forget(): void
  /** Everything since `restart`. `complete` is false where that is not known: then every row must be compared. */
  take(): ChangedKeys
  giveBack(keys: ChangedKeys): void
  /** Takes over what the sync has collected: its next start would begin anew. */
  keep(): void
}

/** @param equalAtStart whether both sides are known to be equal when this sync starts, as after a cutover */
export function createUnverifiedChanges(
  sync: Pick<Sync, 'takeChangedKeys'>,
  equalAtStart: boolean,
): UnverifiedChanges {
  let pending: ChangedKeys | undefined
  let known = equalAtStart
  const take = () => {
    const fresh = sync.takeChangedKeys()
    const all = pending === undefined ? fresh : merge(pending, fresh)
    pending = undefined
    return known ? all : { ...all, complete: false }
  }
  return {
    take,
    keep: () => {
      pending = take()
    },
    restart: () => {
      sync.takeChangedKeys()
      pending = undefined
      known = true
    },
    forget: () => {
      known = false
    },
    giveBack: keys => {
      pending = pending === undefined ? keys : merge(keys, pending)
      if (!keys.complete) known = false
    },
  }
}

function merge(earlier: ChangedKeys, later: ChangedKeys): ChangedKeys {
  const keys = new Map([...earlier.keys].map(([table, list]) => [table, [...list]]))
  for (const [table, list] of later.keys) {
    const known = keys.get(table) ?? []
    const seen = new Set(known.map(key => JSON.stringify(key)))
    keys.set(table, [...known, ...list.filter(key => !seen.has(JSON.stringify(key)))])
  }
  return { complete: earlier.complete && later.complete, since: earlier.since, keys }
}
