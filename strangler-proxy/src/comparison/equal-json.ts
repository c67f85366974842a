const maxDepth = 200

/** A run of digits that a double may not keep, or an exponent that may leave its range. */
const notSafelyDoubles = /\d[\d.]{15}|[eE]-?\+?\d{3}/

/**
 * Whether two JSON texts surely say the same: most answers do, and are then compared at the price of parsing them.
 * `false` says only that somebody has to look closer; so do numbers of so many digits that two may share one double.
 * @throws SyntaxError
 */
export function surelyEqualJson(one: string, other: string): boolean {
  if (one === other) return true
  if (notSafelyDoubles.test(one) || notSafelyDoubles.test(other)) return false
  return equal(JSON.parse(one), JSON.parse(other), 0)
}

function equal(one: unknown, other: unknown, depth: number): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (depth > maxDepth) return false
  if (Array.isArray(one))
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => equal(item, other[index], depth + 1))
    )
  if (Array.isArray(other)) return false
  return equalObjects(one as Record<string, unknown>, other as Record<string, unknown>, depth)
}

function equalObjects(one: Record<string, unknown>, other: Record<string, unknown>, depth: number): boolean {
  let keys = 0
  for (const key in one) {
    keys++
    if (!Object.hasOwn(other, key) || !equal(one[key], other[key], depth + 1)) return false
  }
  for (const _ in other) keys--
  return keys === 0
}
