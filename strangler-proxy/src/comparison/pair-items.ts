/** How the items of a list are held against each other: `position`, as a `set`, or by the value of a `key` in each. */
export type ArrayRule = { as: 'position' | 'set' | 'key'; key?: string | undefined }

/** An item without a partner stands alone. */
export type Pair<T> = readonly [legacy: T | undefined, extracted: T | undefined]

/**
 * Pairs items by a name: equal names pair in the order in which they stand. What has no name, and what finds no
 * partner, is paired among itself in order, so that a changed item shows what changed in it.
 * @param together whether leftovers of both sides are taken for each other; not by key, where they are not the same thing
 */
export function pairItems<T>(
  left: readonly T[],
  right: readonly T[],
  nameOf: (item: T) => string | undefined,
  together: boolean,
): Pair<T>[] {
  const waiting = new Map<string, T[]>()
  const unnamed: T[] = []
  for (const item of right) {
    const name = nameOf(item)
    if (name === undefined) unnamed.push(item)
    else waiting.set(name, [...(waiting.get(name) ?? []), item])
  }
  const pairs: Pair<T>[] = []
  const alone: T[] = []
  const alike: T[] = []
  for (const item of left) {
    const name = nameOf(item)
    const partner = name === undefined ? undefined : waiting.get(name)?.shift()
    if (partner !== undefined) pairs.push([item, partner])
    else if (name === undefined || together) alike.push(item)
    else alone.push(item)
  }
  const rest = [...waiting.values()].flat()
  const others = together ? [...unnamed, ...rest] : unnamed
  for (let index = 0; index < Math.max(alike.length, others.length); index++)
    pairs.push([alike[index], others[index]])
  for (const item of alone) pairs.push([item, undefined])
  if (!together) for (const item of rest) pairs.push([undefined, item])
  return pairs
}
