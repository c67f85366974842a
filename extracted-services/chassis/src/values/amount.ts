const form = /^(-?)0*(\d+?)(?:\.(\d{1,2}))?$/

/** `amount` is exact text with two fraction digits and no sign. */
export type ReadAmount = { amount: string; negative: boolean; wholeDigits: number }

/**
 * An amount of money as exact text: `7`, `7.5` and `007.50` are all `7.50`. Never a float: a JSON number is taken by its
 * shortest decimal form, which is what the caller wrote.
 * @returns undefined for anything but digits with an optional sign and at most two fraction digits
 */
export function readAmount(value: string | number): ReadAmount | undefined {
  const match = form.exec(String(value))
  if (match === null) return undefined
  const [, sign, whole = '', fraction = ''] = match
  const amount = `${whole}.${fraction.padEnd(2, '0')}`
  return { amount, negative: sign === '-' && amount !== '0.00', wholeDigits: whole.length }
}

/** `12.50` → 1250n. */
export function centsOf(amount: string): bigint {
  return BigInt(amount.replace('.', ''))
}

/** 1250n → `12.50`. */
export function amountOf(cents: bigint): string {
  const digits = cents.toString().padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}
