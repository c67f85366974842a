import { withSession, withTransaction } from '@strangler/chassis/database/with-transaction.ts'
import { readAudit } from '@strangler/chassis/event-store/event-store.ts'
import { createIdempotencyStore } from '@strangler/chassis/idempotency/idempotency-store.ts'
import { startSaga } from '@strangler/chassis/saga/run-sagas.ts'
import type { Saga } from '@strangler/chassis/saga/saga.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import { parseTraceparent } from '@strangler/kit/trace-context.ts'
import type { Pool } from 'mysql2/promise'
import type { Decisions } from '../application/decisions.ts'
import { changeOrder, loadOrder, orderAggregate } from '../application/order-aggregate.ts'
import type { CreateOrderData } from '../application/order-sagas.ts'
import type { Orders } from '../application/orders.ts'
import type { OrderOf } from '../application/participants.ts'
import { readHistory, readHistoryVersion } from '../history/order-history.ts'
import { addPending } from './pending-orders.ts'

export type OrdersParts = {
  pool: Pool
  clock: Clock
  /** The saga that decides a new order; undefined when the order's events do. */
  createOrder: Saga<CreateOrderData> | undefined
  cancelOrder: Saga<OrderOf>
  /** How long an order may be PENDING, in ms. */
  withinMs: number
  decisions: Decisions
  /** Called when a saga has begun. */
  wake(): void
}

/** Orders in MariaDB. */
export function createOrders(parts: OrdersParts): Orders {
  const { pool, clock, createOrder, cancelOrder, withinMs, decisions, wake } = parts
  return {
    find: orderId => withSession(pool, session => loadOrder(session, orderId)),
    place: async ({ orderId, customerId, lines }, origin, answer, options) => {
      const now = clock.now()
      const answered = await withTransaction(
        pool,
        session =>
          answer(createIdempotencyStore(session, clock.now), async () => {
            const placed = await changeOrder(
              session,
              orderId,
              { type: 'place', customerId, lines },
              { ...origin, now },
            )
            const trace = parseTraceparent(origin.traceparent)
            const data = { orderId, customerId, lines }
            if (createOrder === undefined) await addPending(session, orderId, now + withinMs)
            else await startSaga(session, createOrder, orderId, data, { now, trace, firstDone: true })
            return placed
          }),
        options,
      )
      wake()
      return answered
    },
    requestCancel: async (orderId, origin, options) => {
      const now = clock.now()
      for (;;) {
        try {
          const changed = await withTransaction(
            pool,
            async session => {
              const order = await changeOrder(
                session,
                orderId,
                { type: 'request-cancel' },
                { ...origin, now },
              )
              if (order.state?.status === 'CANCELING') {
                const { customerId, lines } = order.state
                const trace = parseTraceparent(origin.traceparent)
                const data = { orderId, customerId, lines }
                await startSaga(session, cancelOrder, orderId, data, { now, trace })
              }
              return order
            },
            options,
          )
          wake()
          return changed
        } catch (error) {
          // Somebody else changed it meanwhile: what canceling comes to depends on what it is now.
          if (!isToolkitError(error, 'VERSION_CONFLICT')) throw error
        }
      }
    },
    awaitChange: decisions.await,
    audit: orderId => withSession(pool, session => readAudit(session, orderAggregate, orderId)),
    history: query => readHistory(pool, query),
    historyVersion: orderId => readHistoryVersion(pool, orderId),
  }
}
