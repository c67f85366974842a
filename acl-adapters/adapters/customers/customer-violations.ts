import type { Json } from '../../src/codec/json.ts'
import { type ProblemDocument, problem } from '../../src/rest-facade/problem-document.ts'
import { isXmlText } from '../../src/xml/xml-text.ts'

export type Reason = 'REQUIRED' | 'TOO_LONG' | 'INVALID' | 'NEGATIVE'
export type Violation = { field: string; reason: Reason }

const longest = { name: 80, email: 120, phone: 30, text: 500 } as const
const order = ['name', 'email', 'phone', 'creditLimit', 'text', 'vip', 'status', 'after', 'limit']
const amountForm = /^(-?)0*(\d+?)(?:\.(\d+))?$/

/** The reason why a value given for a field is refused; undefined for one that is taken. */
export type Rule = (value: Json | undefined) => Reason | undefined

export const customerRules = {
  name: required(value => (value.trim() === '' ? 'REQUIRED' : textReason(value, longest.name))),
  email: nullable(
    value => textReason(value, longest.email) ?? (/^[^\s@]+@[^\s@]+$/.test(value) ? undefined : 'INVALID'),
  ),
  phone: nullable(value => textReason(value, longest.phone)),
  text: required(value => (value === '' ? 'REQUIRED' : textReason(value, longest.text))),
  vip: (value: Json | undefined): Reason | undefined =>
    value === undefined || typeof value === 'boolean' ? undefined : value === null ? 'REQUIRED' : 'INVALID',
  creditLimit(value: Json | undefined): Reason | undefined {
    if (value === undefined || value === null) return 'REQUIRED'
    if (typeof value !== 'string' && typeof value !== 'number') return 'INVALID'
    const amount = amountOf(value)
    return typeof amount === 'string' ? undefined : amount.reason
  },
} as const

/** A credit limit as exact text with two fraction digits: `7`, `7.5` and `007.50` are all `7.50`. */
export function amountOf(value: string | number): string | { reason: Reason } {
  const match = amountForm.exec(String(value))
  if (match === null) return { reason: 'INVALID' }
  const [, sign, whole, fraction = ''] = match
  if (fraction.length > 2 || whole!.length > 10) return { reason: 'INVALID' }
  const amount = `${whole}.${fraction.padEnd(2, '0')}`
  return sign === '-' && amount !== '0.00' ? { reason: 'NEGATIVE' } : amount
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

export function optional(rule: Rule): Rule {
  return value => (value === undefined ? undefined : rule(value))
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

export function customerNotFoundProblem(customerId: number): ProblemDocument {
  const detail = `customer ${customerId} not found`
  return { ...problem('customer-not-found', 'Customer not found', 404, detail), customerId }
}

function required(rule: (value: string) => Reason | undefined): Rule {
  return value => {
    if (value === undefined || value === null) return 'REQUIRED'
    return typeof value === 'string' ? rule(value) : 'INVALID'
  }
}

function nullable(rule: (value: string) => Reason | undefined): Rule {
  return value => {
    if (value === undefined || value === null) return undefined
    return typeof value === 'string' ? rule(value) : 'INVALID'
  }
}

/** Lengths count code points, as both databases do. */
function textReason(value: string, most: number): Reason | undefined {
  if (value.length > most && [...value].length > most) return 'TOO_LONG'
  return isXmlText(value) ? undefined : 'INVALID'
}
