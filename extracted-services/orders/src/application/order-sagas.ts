import type { Session } from '@strangler/chassis/database/with-transaction.ts'
import {
  type Call,
  defineSaga,
  type Reason,
  type Saga,
  type StepOutcome,
} from '@strangler/chassis/saga/saga.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import { formatTraceparent } from '@strangler/kit/trace-context.ts'
import { type OrderCommand, type PricedLine, totalOf } from '../domain/order.ts'
import { changeOrder } from './order-aggregate.ts'
import type { OrderOf, Participants } from './participants.ts'

export type CreateOrderData = OrderOf & { priced?: readonly PricedLine[] }

export type SagaParts = {
  participants: Participants
  clock: Clock
  /** How long an order may be PENDING, in ms. */
  withinMs: number
}

/**
 * CreateOrder: prices, credit and stock can be had back; the order's confirmation is the pivot, in one transaction with
 * the saga's progress; from then on the stock is its own.
 */
export function createOrderSaga({ participants, clock, withinMs }: SagaParts): Saga<CreateOrderData> {
  const change = changer('create-order', clock)
  const stepMs = Math.ceil(withinMs / 2)
  return defineSaga<CreateOrderData>({
    name: 'create-order',
    withinMs,
    steps: [
      {
        name: 'order',
        kind: 'compensatable',
        withinMs,
        // It was placed in the transaction that began the saga.
        apply: async () => ({ done: true }),
        undo: async (session, { orderId }, reason, call) => {
          await change(session, orderId, { type: 'cancel', reason }, call)
        },
      },
      {
        name: 'prices',
        kind: 'compensatable',
        withinMs: stepMs,
        act: async (data, call) => {
          const priced = await participants.price(data.lines, call)
          return Array.isArray(priced) ? { done: true, data: { ...data, priced } } : refused(priced as Reason)
        },
      },
      {
        name: 'credit',
        kind: 'compensatable',
        withinMs: stepMs,
        act: async (data, call) => {
          const amount = totalOf(data.priced ?? [])
          return outcome(await participants.reserveCredit({ ...data, amount }, call))
        },
        compensate: (data, _reason, call) => participants.releaseCredit(data, call),
      },
      {
        name: 'stock',
        kind: 'compensatable',
        withinMs: stepMs,
        act: async (data, call) => outcome(await participants.reserveStock(data, call)),
        compensate: (data, _reason, call) => participants.releaseStock(data, call),
      },
      {
        name: 'confirm',
        kind: 'pivot',
        withinMs,
        apply: async (session, { orderId, priced }, call) => {
          try {
            await change(session, orderId, { type: 'confirm', lines: priced ?? [] }, call)
            return { done: true }
          } catch (error) {
            if (isToolkitError(error, 'ORDER_CANCELED')) return refused({ code: 'CANCELED' })
            throw error
          }
        },
      },
      {
        name: 'commit-stock',
        kind: 'retriable',
        withinMs: 60_000,
        act: async (data, call) => {
          await participants.commitStock(data, call)
          return { done: true }
        },
      },
    ],
  })
}

/** CancelOrder: the order was set CANCELING before, and there is no way back from that. */
export function cancelOrderSaga({ participants, clock }: Omit<SagaParts, 'withinMs'>): Saga<OrderOf> {
  const change = changer('cancel-order', clock)
  const retriable = { kind: 'retriable', withinMs: 60_000 } as const
  return defineSaga<OrderOf>({
    name: 'cancel-order',
    withinMs: 60_000,
    steps: [
      {
        ...retriable,
        name: 'commit-stock',
        // The order's own saga may not have come to it yet; stock that is not committed could not be returned.
        act: async (data, call) => {
          await participants.commitStock(data, call)
          return { done: true }
        },
      },
      {
        ...retriable,
        name: 'return-stock',
        act: async (data, call) => {
          await participants.returnStock(data, call)
          return { done: true }
        },
      },
      {
        ...retriable,
        name: 'credit',
        act: async (data, call) => {
          await participants.releaseCredit(data, call)
          return { done: true }
        },
      },
      {
        ...retriable,
        name: 'order',
        apply: async (session, { orderId }, call) => {
          await change(session, orderId, { type: 'cancel', reason: { code: 'REQUESTED' } }, call)
          return { done: true }
        },
      },
    ],
  })
}

function changer(actor: string, clock: Clock) {
  return (session: Session, orderId: string, command: OrderCommand, { trace }: Call) =>
    changeOrder(session, orderId, command, {
      actor: `saga:${actor}`,
      traceparent: trace === undefined ? undefined : formatTraceparent(trace),
      now: clock.now(),
    })
}

function outcome<Data>(reason: Reason | undefined): StepOutcome<Data> {
  return reason === undefined ? { done: true } : refused(reason)
}

function refused(reason: Reason): { done: false; reason: Reason } {
  return { done: false, reason }
}
