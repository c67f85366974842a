import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import { parseAmount } from '../domain/amount.ts'
import { customerStatuses } from '../domain/customer.ts'
import {
  emailProblem,
  longest,
  nameProblem,
  noteTextProblem,
  phoneProblem,
  type Reason,
  type Violation,
} from '../domain/customer-rules.ts'

const name = text(nameProblem).meta({ minLength: 1, maxLength: longest.name })
const email = text(emailProblem).meta({ maxLength: longest.email, pattern: '^[^\\s@]+@[^\\s@]+$' }).nullable()
const phone = text(phoneProblem).meta({ maxLength: longest.phone }).nullable()
const vip = z.boolean()
const creditLimit = z
  .union([z.string(), z.number()])
  .transform((value, context) => {
    const parsed = parseAmount(value)
    if ('amount' in parsed) return parsed.amount
    context.addIssue({ code: 'custom', message: parsed.problem })
    return z.NEVER
  })
  .meta({ description: 'At least 0, at most 9999999999.99, at most two fraction digits.' })

export const openingSchema = z.strictObject({
  name,
  email: email.optional(),
  phone: phone.optional(),
  creditLimit,
  vip: vip.optional(),
})
export const revisionSchema = z.strictObject({
  name: name.optional(),
  email: email.optional(),
  phone: phone.optional(),
  vip: vip.optional(),
})
export const creditLimitSchema = z.strictObject({ creditLimit })
export const statusSchema = z.strictObject({ status: z.enum(customerStatuses) })
export const noteSchema = z.strictObject({
  text: text(noteTextProblem).meta({ minLength: 1, maxLength: longest.text }),
})

/** Names a credit reservation. */
export const orderIdForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export const creditReservationSchema = z.strictObject({
  orderId: z.string().regex(orderIdForm).meta({
    description: 'Names the reservation: a repetition with the same one is answered as the first.',
  }),
  amount: creditLimit,
})

export const listSchema = z.strictObject({
  name: z
    .string()
    .optional()
    .meta({ description: 'Prefix of the name, byte for byte: case and accents count.' }),
  status: z.enum(customerStatuses).optional(),
  after: count(0, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'Only ids above this one.' }),
  limit: count(1, 500).optional().meta({ description: 'How many at most: 50 unless told.' }),
})

/** In which order violations are told; unknown keys come last, in the order of the request. */
const fieldOrder = [
  'name',
  'email',
  'phone',
  'creditLimit',
  'text',
  'vip',
  'status',
  'after',
  'limit',
  'orderId',
  'amount',
]
const reasons: readonly Reason[] = ['REQUIRED', 'TOO_LONG', 'INVALID', 'NEGATIVE']

/**
 * Input that was checked at the door.
 * @throws ToolkitError VALIDATION_FAILED with every violation; a field that is missing or null where a value is needed
 * is REQUIRED, one of the wrong type and an unknown key are INVALID
 */
export function check<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const violations = parsed.error.issues
    .flatMap(issue => violationsOf(issue, input))
    .sort((a, b) => rank(a.field) - rank(b.field))
  const detail = violations.map(({ field, reason }) => `${field} ${reason}`).join(', ')
  throw new ToolkitError('VALIDATION_FAILED', detail, { details: { violations } })
}

function violationsOf(issue: z.core.$ZodIssue, input: unknown): Violation[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(field => ({ field, reason: 'INVALID' as const }))
  const [field] = issue.path
  if (field === undefined) return [{ field: 'body', reason: 'INVALID' }]
  const told = reasons.find(reason => reason === issue.message)
  const value: unknown = (input as Record<PropertyKey, unknown>)[field]
  const absent = value === undefined || value === null
  return [{ field: String(field), reason: told ?? (absent ? 'REQUIRED' : 'INVALID') }]
}

function rank(field: string): number {
  const index = fieldOrder.indexOf(field)
  return index === -1 ? fieldOrder.length : index
}

function text(problem: (value: string) => Reason | undefined) {
  return z.string().superRefine((value, context) => {
    const reason = problem(value)
    if (reason !== undefined) context.addIssue({ code: 'custom', message: reason })
  })
}

/** A whole number in a query string. */
function count(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number)
    .refine(value => value >= least && value <= most)
    .meta({ type: 'integer', minimum: least, maximum: most })
}
