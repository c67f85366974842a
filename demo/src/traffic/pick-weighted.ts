/** One of `choices`, picked by their weights. */
export function pickWeighted<T>(choices: readonly { weight: number; value: T }[], roll: number): T {
  let left = roll * choices.reduce((sum, choice) => sum + choice.weight, 0)
  for (const choice of choices) {
    left -= choice.weight
    if (left < 0) return choice.value
  }
  return choices.at(-1)!.value
}
