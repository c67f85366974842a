import type { Caller } from '@strangler/chassis/calls/capability-client.ts'
import type { Reason } from '@strangler/chassis/saga/saga.ts'
import type { Line, PricedLine } from '../domain/order.ts'

export type OrderOf = { orderId: string; customerId: number; lines: readonly Line[] }

/**
 * The other capabilities, whoever serves them. Every call bears repeating, and releases may come before what they
 * release. A call that throws has an outcome that nobody knows; a Reason says that it had no effect and never will.
 */
export type Participants = {
  /** The lines with their prices, or why they can't be had, as far as that is known before anything is reserved. */
  price(lines: readonly Line[], caller: Caller): Promise<PricedLine[] | Reason>
  reserveCredit(order: OrderOf & { amount: string }, caller: Caller): Promise<Reason | undefined>
  releaseCredit(order: OrderOf, caller: Caller): Promise<void>
  reserveStock(order: OrderOf, caller: Caller): Promise<Reason | undefined>
  releaseStock(order: OrderOf, caller: Caller): Promise<void>
  commitStock(order: OrderOf, caller: Caller): Promise<void>
  /** Puts committed stock back. */
  returnStock(order: OrderOf, caller: Caller): Promise<void>
}
