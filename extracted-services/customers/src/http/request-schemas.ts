import { checkRequest, count, money, text } from '@strangler/chassis/http/check-request.ts'
import { z } from 'zod'
import { parseAmount } from '../domain/amount.ts'
import { currency, customerStatuses } from '../domain/customer.ts'
import {
  emailProblem,
  longest,
  nameProblem,
  noteTextProblem,
  phoneProblem,
} from '../domain/customer-rules.ts'

const name = text(nameProblem).meta({ minLength: 1, maxLength: longest.name })
const email = text(emailProblem).meta({ maxLength: longest.email, pattern: '^[^\\s@]+@[^\\s@]+$' }).nullable()
const phone = text(phoneProblem).meta({ maxLength: longest.phone }).nullable()
const vip = z.boolean()
const creditLimit = money(parseAmount).meta({
  description: 'At least 0, at most 9999999999.99, at most two fraction digits.',
})

export const openingSchema = z.strictObject({
  name,
  email: email.optional(),
  phone: phone.optional(),
  creditLimit,
  vip: vip.optional(),
})
/** Version 2: money says what it is of. */
const moneyV2 = z.strictObject({ amount: money(parseAmount), currency: z.literal(currency) })
export const openingV2Schema = openingSchema.extend({ creditLimit: moneyV2 })
export const creditLimitV2Schema = z.strictObject({ creditLimit: moneyV2 })

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

/** Input that was checked at the door, see checkRequest. */
export function check<T>(schema: z.ZodType<T>, input: unknown): T {
  return checkRequest(schema, input, fieldOrder)
}
