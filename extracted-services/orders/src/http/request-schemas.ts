import { checkRequest, count } from '@strangler/chassis/http/check-request.ts'
import { z } from 'zod'

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
  customerId: count(0, 999_999_999_999_999),
  limit: count(0, 500).optional(),
  orderId: z.string().regex(orderIdForm).optional(),
  after: z
    .string()
    .regex(/^[0-9a-f-]{36}\.\d{1,9}$/)
    .optional(),
})

/** In which order violations are told; unknown keys come last. */
const fieldOrder = ['customerId', 'lines', 'limit', 'orderId', 'after']

/** Input that was checked at the door, see checkRequest. */
export function check<T>(schema: z.ZodType<T>, input: unknown): T {
  return checkRequest(schema, input, fieldOrder)
}
