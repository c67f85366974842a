import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'

type Reason = 'REQUIRED' | 'TOO_LONG' | 'INVALID'

const customerId = z.int().min(0).max(999_999_999_999_999)

/** Names an order: a random UUID. */
export const orderIdForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const placeSchema = z.strictObject({
  customerId,
  lines: z
    .array(
      z.strictObject({
        sku: z
          .string()
          .max(20)
          .regex(/^[A-Z0-9][A-Z0-9-]*$/),
        quantity: z.int().min(1).max(9_999),
      }),
    )
    .min(1, 'REQUIRED')
    .max(100, 'TOO_LONG'),
})

export const historySchema = z.strictObject({
  customerId: whole(999_999_999_999_999),
  limit: whole(500).optional(),
  orderId: z.string().regex(orderIdForm).optional(),
  after: z
    .string()
    .regex(/^[0-9a-f-]{36}\.\d{1,9}$/)
    .optional(),
})

/**
 * Input that was checked at the door.
 * @throws ToolkitError VALIDATION_FAILED with every violation by its path, such as `lines.0.quantity`
 */
export function check<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const violations = parsed.error.issues.flatMap(issue => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map(key => ({ field: [...issue.path, key].join('.'), reason: 'INVALID' as const }))
    return [{ field: issue.path.join('.') || 'body', reason: reasonOf(issue, input) }]
  })
  const detail = violations.map(({ field, reason }) => `${field} ${reason}`).join(', ')
  throw new ToolkitError('VALIDATION_FAILED', detail, { details: { violations } })
}

function reasonOf(issue: z.core.$ZodIssue, input: unknown): Reason {
  if (issue.message === 'REQUIRED' || issue.message === 'TOO_LONG') return issue.message
  const value = issue.path.reduce<unknown>(
    (part, name) => (part as Record<PropertyKey, unknown> | null | undefined)?.[name],
    input,
  )
  return value === undefined || value === null ? 'REQUIRED' : 'INVALID'
}

/** A whole number in a query string, from 0 on. */
function whole(most: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine(value => value <= most)
}
