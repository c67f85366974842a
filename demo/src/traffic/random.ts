/** Numbers in [0, 1) that repeat for the same seed (mulberry32, T. Ettinger, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One of `choices`, picked by their weights. */
export function pickWeighted<T>(choices: readonly { weight: number; value: T }[], roll: number): T {
  let left = roll * choices.reduce((sum, choice) => sum + choice.weight, 0)
  for (const choice of choices) {
    left -= choice.weight
    if (left < 0) return choice.value
  }
  return choices.at(-1)!.value
}
