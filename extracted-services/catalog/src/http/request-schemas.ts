import { checkRequest, count, money, text, whole } from '@strangler/chassis/http/check-request.ts'
import { isWritable, type Reason } from '@strangler/chassis/values/violation.ts'
import { z } from 'zod'
import { parsePrice } from '../domain/price.ts'
import { largestQuantity, longest, nameProblem, skuProblem, stockProblem } from '../domain/product-rules.ts'

const mostLines = 100
const mostOfOne = 9_999

const sku = text(skuProblem).meta({ minLength: 1, maxLength: longest.sku, pattern: '^[A-Z0-9][A-Z0-9-]*$' })
const price = money(parsePrice).meta({
  description: 'At least 0, at most 999999.99, at most two fraction digits.',
})

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

/** Input that was checked at the door, see checkRequest. */
export function check<T>(schema: z.ZodType<T>, input: unknown): T {
  return checkRequest(schema, input, fieldOrder)
}

function quantityProblem(quantity: number): Reason | undefined {
  if (quantity < 0) return 'NEGATIVE'
  return quantity === 0 || quantity > mostOfOne ? 'INVALID' : undefined
}
