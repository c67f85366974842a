const form = /^(-?)0*(\d+?)(?:\.(\d+))?$/
const wholeDigits = 10

export type AmountProblem = 'INVALID' | 'NEGATIVE'

export type ParsedAmount = { amount: string } | { problem: AmountProblem }

/**
 * An amount of money as exact text with two fraction digits: `7`, `7.5` and `007.50` are all `7.50`. Never a float:
 * a JSON number is taken by its shortest decimal form, which is what the caller wrote.
 * @returns INVALID for anything but digits with an optional sign and at most two fraction digits, and for amounts
 * over 9999999999.99; NEGATIVE below zero
 */
export function parseAmount(value: string | number): ParsedAmount {
  const match = form.exec(typeof value === 'number' ? String(value) : value)
  if (match === null) return { problem: 'INVALID' }
  const [, sign, whole, fraction = ''] = match
  if (fraction.length > 2 || whole!.length > wholeDigits) return { problem: 'INVALID' }
  const amount = `${whole}.${fraction.padEnd(2, '0')}`
  if (sign === '-' && amount !== '0.00') return { problem: 'NEGATIVE' }
  return { amount }
}
