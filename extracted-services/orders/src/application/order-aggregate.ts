import type { Session } from '@strangler/chassis/database/with-transaction.ts'
import type { Aggregate, Loaded } from '@strangler/chassis/event-store/aggregate.ts'
import { changeAggregate } from '@strangler/chassis/event-store/change-aggregate.ts'
import { loadAggregate, type Origin } from '@strangler/chassis/event-store/event-store.ts'
import { composeMessage, topicName } from '@strangler/chassis/messaging/compose-message.ts'
import { writeToOutbox } from '@strangler/chassis/outbox/outbox.ts'
import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import { parseTraceparent } from '@strangler/kit/trace-context.ts'
import { decide, evolve, type OrderCommand, type OrderEvent, type OrderState } from '../domain/order.ts'

/** Where everything about orders is told, in order per order. */
export const ordersEvents = topicName('orders', 'event')

/** What others are told of an order: the event, whose it is, and which version of the order it made. */
export type OrderMessage = OrderEvent['data'] & { orderId: string; version: number }

export const orderAggregate: Aggregate<OrderState, OrderEvent> = {
  name: 'order',
  initial: null,
  evolve,
  eventSchema: 1,
  upcast: event => event,
  stateSchema: 1,
  snapshotEvery: 20,
}

export function loadOrder(session: Session, orderId: string): Promise<Loaded<OrderState>> {
  return loadAggregate(session, orderAggregate, orderId)
}

/**
 * Carries a command out and tells others what happened, in the transaction of `session`.
 * @throws ToolkitError VERSION_CONFLICT, and those of decide
 */
export async function changeOrder(
  session: Session,
  orderId: string,
  command: OrderCommand,
  origin: Origin,
): Promise<Loaded<OrderState>> {
  const at = new Date(origin.now).toISOString()
  const { state, version, events } = await changeAggregate(
    session,
    orderAggregate,
    orderId,
    origin,
    current => decide(current, command, at),
  )
  const first = version - events.length + 1
  const trace = parseTraceparent(origin.traceparent)
  const messages = events.map(({ type, data }, index) => {
    const payload: OrderMessage = { orderId, version: first + index, ...data }
    return composeMessage({ kind: 'event', topic: ordersEvents, key: orderId, type, payload, trace })
  })
  await writeToOutbox(session, messages, origin.now)
  return { state, version }
}

/** Confirms or cancels an order; one that has been decided stays as it is. */
export async function changeUnlessDecided(
  session: Session,
  orderId: string,
  command: OrderCommand,
  origin: Origin,
): Promise<void> {
  try {
    await changeOrder(session, orderId, command, origin)
  } catch (error) {
    const decided = isToolkitError(error, 'ORDER_CONFIRMED') || isToolkitError(error, 'ORDER_CANCELED')
    if (!decided) throw error
  }
}
