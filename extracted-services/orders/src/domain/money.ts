/** `12.50` → 1250n. Amounts are decimal text with two fraction digits; nothing turns them into a float. */
export function centsOf(amount: string): bigint {
  return BigInt(amount.replace('.', ''))
}

/** 1250n → `12.50`. */
export function amountOf(cents: bigint): string {
  const digits = cents.toString().padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}
