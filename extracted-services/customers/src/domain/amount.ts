import { readAmount } from '@strangler/chassis/values/amount.ts'

const wholeDigits = 10

export type ParsedAmount = { amount: string } | { problem: 'INVALID' | 'NEGATIVE' }

/**
 * An amount that a customer can have, see readAmount.
 * @returns INVALID for what is no amount and for amounts over 9999999999.99; NEGATIVE below zero
 */
export function parseAmount(value: string | number): ParsedAmount {
  const read = readAmount(value)
  if (read === undefined || read.wholeDigits > wholeDigits) return { problem: 'INVALID' }
  return read.negative ? { problem: 'NEGATIVE' } : { amount: read.amount }
}
