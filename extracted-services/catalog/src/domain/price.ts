import { readAmount } from '@strangler/chassis/values/amount.ts'

const wholeDigits = 6
/** Beyond it the monolith reads no number, not even one of zeros. */
const readable = /^-?\d{1,13}(?:\.|$)/

export type ParsedPrice = { amount: string } | { problem: 'INVALID' | 'NEGATIVE' }

/**
 * A price that a product can have, see readAmount.
 * @returns INVALID for what is no amount and for prices over 999999.99; NEGATIVE below zero
 */
export function parsePrice(value: string | number): ParsedPrice {
  const read = readAmount(value)
  if (read === undefined || !readable.test(String(value))) return { problem: 'INVALID' }
  if (read.negative) return { problem: 'NEGATIVE' }
  return read.wholeDigits > wholeDigits ? { problem: 'INVALID' } : { amount: read.amount }
}
