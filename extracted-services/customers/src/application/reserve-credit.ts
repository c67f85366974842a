import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type CreditReservation, conflictWith, refusalFor } from '../domain/credit-reservation.ts'
import type { Customer } from '../domain/customer.ts'

/** Where credit reservations are kept, in one transaction. */
export type CreditWriter = {
  /** The order's reservation, which nobody else can make or change until the transaction ends. */
  lockReservation(orderId: string): Promise<CreditReservation | undefined>
  /** The customer, and what is reserved of its credit: nobody else can change either until the transaction ends. */
  lockCredit(customerId: number): Promise<{ customer: Customer | undefined; reserved: string }>
  save(reservation: CreditReservation): Promise<void>
  /** Tells others, if the transaction commits. */
  publish(event: CreditEvent): Promise<void>
}

export type CreditEvent = {
  type: 'CreditReserved' | 'CreditRefused' | 'CreditReleased'
  data: CreditReservation
}

export type CreditRepository = {
  find(orderId: string): Promise<CreditReservation | undefined>
  write<T>(
    work: (writer: CreditWriter) => Promise<T>,
    options: { rehearsal: boolean; traceparent: string },
  ): Promise<T>
}

export type CreditRequest = { orderId: string; customerId: number; amount: string }

/**
 * Reserves credit for an order. What it came to is remembered, refusals too, so that a repetition that arrives late
 * can't reserve for an order that its caller has given up.
 * @returns the reservation, which may be refused, and whether this call made it
 * @throws ToolkitError CREDIT_RELEASED, CREDIT_DIFFERS
 */
export async function reserveCredit(
  writer: CreditWriter,
  { orderId, customerId, amount }: CreditRequest,
  at: string,
): Promise<{ reservation: CreditReservation; made: boolean }> {
  const current = await writer.lockReservation(orderId)
  refuseConflict(orderId, conflictWith(current, customerId, amount))
  if (current !== undefined) return { reservation: current, made: false }
  const { customer, reserved } = await writer.lockCredit(customerId)
  const refusal = refusalFor(customer, reserved, amount)
  const status = refusal === null ? 'reserved' : 'refused'
  const reservation: CreditReservation = { orderId, customerId, amount, status, refusal, updatedAt: at }
  await writer.save(reservation)
  await writer.publish({ type: refusal === null ? 'CreditReserved' : 'CreditRefused', data: reservation })
  return { reservation, made: true }
}

/**
 * Gives an order's credit back; for an order that has none yet, makes sure that it never gets any.
 * @throws ToolkitError CREDIT_DIFFERS
 */
export async function releaseCredit(
  writer: CreditWriter,
  { orderId, customerId }: Omit<CreditRequest, 'amount'>,
  at: string,
): Promise<CreditReservation> {
  const current = await writer.lockReservation(orderId)
  refuseConflict(orderId, conflictWith(current, customerId))
  if (current !== undefined && current.status !== 'reserved') return current
  const amount = current?.amount ?? '0.00'
  const released: CreditReservation = {
    orderId,
    customerId,
    amount,
    status: 'released',
    refusal: null,
    updatedAt: at,
  }
  await writer.save(released)
  await writer.publish({ type: 'CreditReleased', data: released })
  return released
}

function refuseConflict(orderId: string, conflict: ReturnType<typeof conflictWith>): void {
  if (conflict === undefined) return
  const details = { orderId }
  throw conflict === 'RELEASED'
    ? new ToolkitError('CREDIT_RELEASED', `the credit of order ${orderId} is released`, { details })
    : new ToolkitError('CREDIT_DIFFERS', `order ${orderId} has asked for other credit`, { details })
}
