import type { Violation } from '../faults.ts'
import { centsOf } from '../legacy-values.ts'

/** One rule per field; each answers the reason why the value is refused, or nothing. */

type Reason = Violation['reason'] | undefined

const maxCreditCents = 999_999_999_999

export function nameReason(name: string | undefined): Reason {
  if (name === undefined || name.trim() === '') return 'REQUIRED'
  return codePoints(name) > 80 ? 'TOO_LONG' : undefined
}

export function emailReason(email: string | null | undefined): Reason {
  if (email === null || email === undefined) return undefined
  if (codePoints(email) > 120) return 'TOO_LONG'
  return /^[^\s@]+@[^\s@]+$/.test(email) ? undefined : 'INVALID'
}

export function phoneReason(phone: string | null | undefined): Reason {
  return typeof phone === 'string' && codePoints(phone) > 30 ? 'TOO_LONG' : undefined
}

/** @param decimal as sent; at most two fraction digits */
export function creditLimitReason(decimal: string | undefined): Reason {
  if (decimal === undefined || decimal.trim() === '') return 'REQUIRED'
  const cents = centsOf(decimal.trim())
  if (cents === null) return 'INVALID'
  if (cents < 0) return 'NEGATIVE'
  return cents > maxCreditCents ? 'INVALID' : undefined
}

export function noteTextReason(text: string | undefined): Reason {
  if (text === undefined || text.trim() === '') return 'REQUIRED'
  return codePoints(text) > 500 ? 'TOO_LONG' : undefined
}

export function skuReason(sku: string | undefined): Reason {
  if (sku === undefined || sku.trim() === '') return 'REQUIRED'
  if (sku.length > 20) return 'TOO_LONG'
  return /^[A-Z0-9][A-Z0-9-]*$/.test(sku) ? undefined : 'INVALID'
}

/** The violations among the checked fields, in the order in which they are given. */
export function violationsOf(reasons: Readonly<Record<string, Reason>>): Violation[] {
  return Object.entries(reasons).flatMap(([field, reason]) =>
    reason === undefined ? [] : [{ field, reason }],
  )
}

/** VARCHAR(n) counts code points, not UTF-16 units. */
export function codePoints(text: string): number {
  return [...text].length
}
