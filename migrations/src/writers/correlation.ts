/**
 * How much two series rise and fall together: Pearson's r, -1 to 1.
 * @returns null where one of them never changes, so that nothing can be told
 */
export function correlation(one: readonly number[], other: readonly number[]): number | null {
  const length = Math.min(one.length, other.length)
  if (length < 3) return null
  const mean = (values: readonly number[]) =>
    values.slice(0, length).reduce((sum, value) => sum + value, 0) / length
  const [a, b] = [mean(one), mean(other)]
  let both = 0
  let first = 0
  let second = 0
  for (let at = 0; at < length; at++) {
    const [x, y] = [one[at]! - a, other[at]! - b]
    both += x * y
    first += x * x
    second += y * y
  }
  return first === 0 || second === 0 ? null : both / Math.sqrt(first * second)
}
