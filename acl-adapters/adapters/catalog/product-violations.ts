import type { Json } from '../../src/codec/json.ts'
import { type ProblemDocument, problem } from '../../src/rest-facade/problem-document.ts'
import { isXmlText } from '../../src/xml/xml-text.ts'

export type Reason = 'REQUIRED' | 'TOO_LONG' | 'INVALID' | 'NEGATIVE'
export type Violation = { field: string; reason: Reason }

/** The reason why a value given for a field is refused; undefined for one that is taken. */
export type Rule = (value: Json | undefined) => Reason | undefined

const largestInt = 2_147_483_647
const highestCents = 99_999_999
const priceForm = /^(-?)(\d{1,13})(?:\.(\d{1,2}))?$/
const order = ['sku', 'name', 'price', 'stock', 'delta', 'activeOnly', 'after', 'limit']

export const productRules = {
  sku: text(skuReason),
  name: text(value => {
    if (value.trim() === '') return 'REQUIRED'
    // As both databases do, lengths count code points.
    if (value.length > 80 && [...value].length > 80) return 'TOO_LONG'
    return isXmlText(value) ? undefined : 'INVALID'
  }),
  price(value: Json | undefined): Reason | undefined {
    if (value === undefined || value === null) return 'REQUIRED'
    if (typeof value !== 'string' && typeof value !== 'number') return 'INVALID'
    const price = priceOf(value)
    return typeof price === 'string' ? undefined : price.reason
  },
  stock: (value: Json | undefined) =>
    value === undefined ? undefined : whole(value, stock => (stock < 0 ? 'NEGATIVE' : undefined)),
  delta: (value: Json | undefined) =>
    whole(value, delta => (delta < -largestInt - 1 ? 'INVALID' : undefined)),
} as const satisfies Record<string, Rule>

export function skuReason(sku: string): Reason | undefined {
  if (sku.trim() === '') return 'REQUIRED'
  if (sku.length > 20) return 'TOO_LONG'
  return /^[A-Z0-9][A-Z0-9-]*$/.test(sku) ? undefined : 'INVALID'
}

/** A price as exact text with two fraction digits: `7`, `7.5` and `007.50` are all `7.50`. */
export function priceOf(value: string | number): string | { reason: Reason } {
  const match = priceForm.exec(String(value))
  if (match === null) return { reason: 'INVALID' }
  const [, sign, digits, fraction = ''] = match
  const cents = Number(digits + fraction.padEnd(2, '0'))
  if (sign === '-' && cents !== 0) return { reason: 'NEGATIVE' }
  return cents > highestCents ? { reason: 'INVALID' } : `${Number(digits)}.${fraction.padEnd(2, '0')}`
}

/** What is wrong with a document: each field by its rule, then the keys that no rule knows. */
export function violationsIn(document: Json, rules: Readonly<Record<string, Rule>>): Violation[] {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    return [{ field: 'body', reason: 'INVALID' }]
  const known = Object.entries(rules).flatMap(([field, rule]) => {
    const reason = rule(Object.hasOwn(document, field) ? document[field] : undefined)
    return reason === undefined ? [] : [{ field, reason }]
  })
  const unknown = Object.keys(document).filter(key => !Object.hasOwn(rules, key))
  return inOrder([...known, ...unknown.map(field => ({ field, reason: 'INVALID' as const }))])
}

export function inOrder(violations: readonly Violation[]): Violation[] {
  const rank = ({ field }: Violation) => (order.includes(field) ? order.indexOf(field) : order.length)
  return [...violations].sort((a, b) => rank(a) - rank(b))
}

export function violationSummary(violations: readonly Violation[]): string {
  return violations.map(({ field, reason }) => `${field} ${reason}`).join(', ')
}

export function validationProblem(violations: readonly Violation[]): ProblemDocument {
  return { ...problem('validation', 'Validation failed', 422, violationSummary(violations)), violations }
}

export function productNotFoundProblem(sku: string): ProblemDocument {
  return { ...problem('product-not-found', 'Product not found', 404, `product ${sku} not found`), sku }
}

function text(rule: (value: string) => Reason | undefined): Rule {
  return value => {
    if (value === undefined || value === null) return 'REQUIRED'
    return typeof value === 'string' ? rule(value) : 'INVALID'
  }
}

function whole(value: Json | undefined, rule: (value: number) => Reason | undefined): Reason | undefined {
  if (value === undefined || value === null) return 'REQUIRED'
  if (typeof value !== 'number' || !Number.isInteger(value) || value > largestInt) return 'INVALID'
  return rule(value)
}
