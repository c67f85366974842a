import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import { parsePrice } from '../domain/price.ts'
import {
  isWritable,
  largestQuantity,
  longest,
  nameProblem,
  type Reason,
  skuProblem,
  stockProblem,
  type Violation,
} from '../domain/product-rules.ts'

const mostLines = 100
const mostOfOne = 9_999

const sku = text(skuProblem).meta({ minLength: 1, maxLength: longest.sku, pattern: '^[A-Z0-9][A-Z0-9-]*$' })
const price = z
  .union([z.string(), z.number()])
  .transform((value, context) => {
    const parsed = parsePrice(value)
    if ('price' in parsed) return parsed.price
    context.addIssue({ code: 'custom', message: parsed.problem })
    return z.NEVER
  })
  .meta({ description: 'At least 0, at most 999999.99, at most two fraction digits.' })

export const listingSchema = z.strictObject({
  sku,
  name: text(nameProblem).meta({ minLength: 1, maxLength: longest.name }),
  price,
  stock: whole(stockProblem).meta({ minimum: 0, maximum: largestQuantity }).optional(),
})
export const priceSchema = z.strictObject({ price })
export const adjustmentSchema = z.strictObject({
  delta: whole(delta =>
    delta < -largestQuantity - 1 || delta > largestQuantity ? 'INVALID' : undefined,
  ).meta({
    minimum: -largestQuantity - 1,
    maximum: largestQuantity,
    description: 'Added to the stock; negative to take from it.',
  }),
})
export const reservationSchema = z.strictObject({
  orderId: text(orderIdProblem).meta({
    minLength: 1,
    maxLength: 64,
    pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
    description: 'Names the reservation: a repetition with the same one is answered as the first.',
  }),
  lines: z
    .array(z.strictObject({ sku, quantity: whole(quantityProblem).meta({ minimum: 1, maximum: mostOfOne }) }))
    .min(1, 'REQUIRED')
    .max(mostLines, 'TOO_LONG'),
})

export const listSchema = z.strictObject({
  activeOnly: z
    .enum(['true', 'false'])
    .transform(value => value === 'true')
    .optional()
    .meta({ description: 'Only products that are for sale: false unless told.' }),
  after: text(after => (isWritable(after) ? undefined : 'INVALID'))
    .optional()
    .meta({ description: 'Only SKUs above this text, byte for byte.' }),
  limit: count(1, 500).optional().meta({ description: 'How many at most: 50 unless told.' }),
})

export function orderIdProblem(orderId: string): Reason | undefined {
  if (orderId === '') return 'REQUIRED'
  if (orderId.length > 64) return 'TOO_LONG'
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(orderId) ? undefined : 'INVALID'
}

/** In which order violations are told; unknown keys come last, in the order of the request. */
const fieldOrder = [
  'sku',
  'name',
  'price',
  'stock',
  'delta',
  'orderId',
  'lines',
  'activeOnly',
  'after',
  'limit',
]
const reasons: readonly Reason[] = ['REQUIRED', 'TOO_LONG', 'INVALID', 'NEGATIVE']

/**
 * Input that was checked at the door.
 * @throws ToolkitError VALIDATION_FAILED with every violation, nested ones as `lines[0].sku`; a field that is missing or
 * null where a value is needed is REQUIRED, one of the wrong type and an unknown key are INVALID
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
    return issue.keys.map(key => ({ field: nameOf([...issue.path, key]), reason: 'INVALID' as const }))
  if (issue.path.length === 0) return [{ field: 'body', reason: 'INVALID' }]
  const told = reasons.find(reason => reason === issue.message)
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)[key], input)
  const absent = value === undefined || value === null
  return [{ field: nameOf(issue.path), reason: told ?? (absent ? 'REQUIRED' : 'INVALID') }]
}

/** `['lines', 0, 'sku']` → `lines[0].sku`. */
function nameOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, key) =>
      typeof key === 'number' ? `${name}[${key}]` : name === '' ? String(key) : `${name}.${String(key)}`,
    '',
  )
}

function rank(field: string): number {
  const index = fieldOrder.indexOf(field.replace(/[[.].*$/s, ''))
  return index === -1 ? fieldOrder.length : index
}

function quantityProblem(quantity: number): Reason | undefined {
  if (quantity < 0) return 'NEGATIVE'
  return quantity === 0 || quantity > mostOfOne ? 'INVALID' : undefined
}

function text(problem: (value: string) => Reason | undefined) {
  return z.string().superRefine((value, context) => {
    const reason = problem(value)
    if (reason !== undefined) context.addIssue({ code: 'custom', message: reason })
  })
}

/** A whole number in JSON. */
function whole(problem: (value: number) => Reason | undefined) {
  return z
    .number()
    .superRefine((value, context) => {
      const reason = Number.isInteger(value) ? problem(value) : 'INVALID'
      if (reason !== undefined) context.addIssue({ code: 'custom', message: reason })
    })
    .meta({ type: 'integer' })
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
