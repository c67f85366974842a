import { centsOf } from '@strangler/chassis/values/amount.ts'
import type { Customer } from './customer.ts'

/** Why an order gets no credit; amounts are decimal text with two fraction digits. */
export type CreditRefusal =
  | { reason: 'CUSTOMER_NOT_FOUND' }
  | { reason: 'CUSTOMER_INACTIVE'; status: string }
  | { reason: 'CREDIT_EXCEEDED'; limit: string; reserved: string; requested: string }

/**
 * What became of an order's wish for credit. A release that comes before the wish is `released` with nothing, and
 * stays.
 */
export type CreditReservation = {
  readonly orderId: string
  readonly customerId: number
  readonly amount: string
  readonly status: 'reserved' | 'refused' | 'released'
  readonly refusal: CreditRefusal | null
  readonly updatedAt: string
}

export type CreditConflict = 'DIFFERS' | 'RELEASED'

/** An order has one wish: whatever it came to the first time, a repetition comes to. Undefined: it is the first time. */
export function conflictWith(
  current: CreditReservation | undefined,
  customerId: number,
  amount?: string,
): CreditConflict | undefined {
  if (current === undefined) return undefined
  if (current.customerId !== customerId) return 'DIFFERS'
  if (amount === undefined) return undefined
  if (current.status === 'released') return 'RELEASED'
  return current.amount === amount ? undefined : 'DIFFERS'
}

/** Whether a customer may have `amount` more than what is reserved already. */
export function refusalFor(
  customer: Customer | undefined,
  reserved: string,
  amount: string,
): CreditRefusal | null {
  if (customer === undefined) return { reason: 'CUSTOMER_NOT_FOUND' }
  const { status, creditLimit: limit } = customer
  if (status !== 'active') return { reason: 'CUSTOMER_INACTIVE', status }
  if (centsOf(reserved) + centsOf(amount) <= centsOf(limit)) return null
  return { reason: 'CREDIT_EXCEEDED', limit, reserved, requested: amount }
}
