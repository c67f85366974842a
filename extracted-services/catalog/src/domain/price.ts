const form = /^(-?)(\d{1,13})(?:\.(\d{1,2}))?$/
const highestCents = 99_999_999

export type ParsedPrice = { price: string } | { problem: 'INVALID' | 'NEGATIVE' }

/**
 * A price as exact text with two fraction digits: `7`, `7.5` and `007.50` are all `7.50`. Never a float: a JSON number
 * is taken by its shortest decimal form, which is what the caller wrote.
 * @returns INVALID for anything but digits with an optional sign and at most two fraction digits, and for prices over
 * 999999.99; NEGATIVE below zero
 */
export function parsePrice(value: string | number): ParsedPrice {
  const match = form.exec(String(value))
  if (match === null) return { problem: 'INVALID' }
  const [, sign, whole, fraction = ''] = match
  const cents = Number(whole + fraction.padEnd(2, '0'))
  if (sign === '-' && cents !== 0) return { problem: 'NEGATIVE' }
  if (cents > highestCents) return { problem: 'INVALID' }
  return { price: `${Number(whole)}.${fraction.padEnd(2, '0')}` }
}
