import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { SimpleType } from '../contract/contract.ts'
import { compareDecimals, countDigits } from './decimal-text.ts'

/**
 * Checks a value's lexical form, white space already applied, against the facets of its type.
 * @param count items of a list, otherwise undefined
 * @throws ToolkitError VALUE_INVALID
 */
export function checkFacets(type: SimpleType, text: string, count?: number): void {
  const { facets } = type
  if (facets.enumeration !== undefined && !facets.enumeration.some(value => sameValue(type, value, text)))
    throw refused(`is not one of ${facets.enumeration.slice(0, 20).join(', ')}`)
  for (const pattern of facets.patterns ?? [])
    if (!pattern.test(text)) throw refused('does not match the pattern of its type')
  checkLength(type, text, count)
  if (type.variety === 'atomic') checkRange(type, text)
}

function checkLength(type: SimpleType, text: string, count: number | undefined): void {
  const { length, minLength, maxLength } = type.facets
  if (length === undefined && minLength === undefined && maxLength === undefined) return
  if (type.builtin.form === 'qname' && count === undefined) return
  const actual = count ?? lengthOf(type, text)
  if (length !== undefined && actual !== length) throw refused(`has length ${actual}, not ${length}`)
  if (minLength !== undefined && actual < minLength)
    throw refused(`has length ${actual}, at least ${minLength} is needed`)
  if (maxLength !== undefined && actual > maxLength)
    throw refused(`has length ${actual}, at most ${maxLength} is allowed`)
}

/** Characters (code points) for text, octets for binary types: XSD 1.0 Part 2 §4.3.1. */
function lengthOf(type: SimpleType, text: string): number {
  if (type.builtin.form === 'hex') return text.length / 2
  if (type.builtin.form === 'base64') return Buffer.from(text, 'base64').length
  let count = 0
  for (const _ of text) count += 1
  return count
}

function checkRange(type: SimpleType, text: string): void {
  const { minInclusive, maxInclusive, minExclusive, maxExclusive, totalDigits, fractionDigits } = type.facets
  const compare = comparison(type)
  if (compare === undefined) return
  if (minInclusive !== undefined && !(compare(text, minInclusive) >= 0))
    throw refused(`is less than ${minInclusive}`)
  if (maxInclusive !== undefined && !(compare(text, maxInclusive) <= 0))
    throw refused(`is greater than ${maxInclusive}`)
  if (minExclusive !== undefined && !(compare(text, minExclusive) > 0))
    throw refused(`is not greater than ${minExclusive}`)
  if (maxExclusive !== undefined && !(compare(text, maxExclusive) < 0))
    throw refused(`is not less than ${maxExclusive}`)
  if (totalDigits === undefined && fractionDigits === undefined) return
  const digits = countDigits(text)
  if (totalDigits !== undefined && digits.total > totalDigits)
    throw refused(`has more than ${totalDigits} digits`)
  if (fractionDigits !== undefined && digits.fraction > fractionDigits)
    throw refused(`has more than ${fractionDigits} fraction digits`)
}

function comparison(type: SimpleType): ((left: string, right: string) => number) | undefined {
  switch (type.builtin.form) {
    case 'integer':
    case 'digits':
    case 'decimal':
      return compareDecimals
    case 'float':
      return (left, right) => floatOf(left) - floatOf(right)
    default:
      return undefined
  }
}

/** Enumerations hold values, not spellings: 1.0 is 1.00 (XSD 1.0 Part 2 §4.3.5). */
function sameValue(type: SimpleType, left: string, right: string): boolean {
  if (left === right) return true
  if (type.variety !== 'atomic') return false
  const compare = comparison(type)
  return compare !== undefined && compare(left, right) === 0
}

export function floatOf(text: string): number {
  if (text === 'INF') return Number.POSITIVE_INFINITY
  if (text === '-INF') return Number.NEGATIVE_INFINITY
  return Number(text)
}

function refused(reason: string): ToolkitError {
  return new ToolkitError('VALUE_INVALID', reason)
}
