import type { Caller } from '@strangler/chassis/calls/capability-client.ts'
import { withSession } from '@strangler/chassis/database/with-transaction.ts'
import { withRetriedTransaction } from '@strangler/chassis/event-store/change-aggregate.ts'
import { processOnce } from '@strangler/chassis/inbox/process-once.ts'
import { composeMessage } from '@strangler/chassis/messaging/compose-message.ts'
import type { Message } from '@strangler/chassis/messaging/message.ts'
import { messageInvalid } from '@strangler/chassis/messaging/message-invalid.ts'
import type { Consumer } from '@strangler/chassis/messaging/messaging.ts'
import { writeToOutbox } from '@strangler/chassis/outbox/outbox.ts'
import type { Reason } from '@strangler/chassis/saga/saga.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { parseTraceparent } from '@strangler/kit/trace-context.ts'
import type { Pool } from 'mysql2/promise'
import { z } from 'zod'
import { changeUnlessDecided, loadOrder, ordersEvents } from '../application/order-aggregate.ts'
import type { OrderOf, Participants } from '../application/participants.ts'
import { type CancelReason, type OrderCommand, totalOf } from '../domain/order.ts'
import { forgetPending } from '../sql/pending-orders.ts'

export type ReactorParts = {
  pool: Pool
  clock: Clock
  participants: Participants
  /** How long a reaction may wait for others, in ms. */
  attemptMs?: number
}

/** What came of a reaction, told to the others. */
type Outcome = { type: string; data: object }

type Reaction = {
  /** Passed over when the order has been decided meanwhile. */
  onlyPending?: true
  /** Acts, and says what came of it; repeated until it succeeds. */
  act(order: OrderOf, caller: Caller, payload: unknown): Promise<Outcome | undefined>
}

const withLines = z.looseObject({
  lines: z.array(z.looseObject({ sku: z.string(), quantity: z.int(), unitPrice: z.string() })),
})
const withReason = z.looseObject({
  reason: z.looseObject({ code: z.string(), details: z.record(z.string(), z.unknown()).optional() }),
})

/**
 * CreateOrder without a coordinator: each of the three knows only what it reacts to, and tells what came of it.
 *
 *     OrderPlaced → [credit] → CreditHeld → [stock] → StockHeld → [decision] → OrderConfirmed → [stock] commits
 *                       ↘ CreditDenied   ↘ StockDenied → [decision] → OrderCanceled → [credit] and [stock] give back
 *
 * Credit and stock react on behalf of capabilities that consume no events, such as one that the monolith still serves:
 * they call it over REST. All events of an order are in one topic, so that none of the three sees a cancellation before
 * what it cancels.
 */
export function orderReactors(parts: ReactorParts): Consumer[] {
  const { participants } = parts
  return [
    reactor(parts, 'orders-credit', {
      OrderPlaced: {
        onlyPending: true,
        act: async (order, caller) => {
          const lines = await participants.price(order.lines, caller)
          if (!Array.isArray(lines)) return { type: 'CreditDenied', data: { reason: lines as Reason } }
          const amount = totalOf(lines)
          const reason = await participants.reserveCredit({ ...order, amount }, caller)
          if (reason !== undefined) return { type: 'CreditDenied', data: { reason } }
          return { type: 'CreditHeld', data: { lines, amount } }
        },
      },
      OrderCanceled: {
        act: async (order, caller, payload) => {
          if (!isReturned(payload)) await participants.releaseCredit(order, caller)
          return undefined
        },
      },
    }),
    reactor(parts, 'orders-stock', {
      CreditHeld: {
        onlyPending: true,
        act: async (order, caller, payload) => {
          const { lines } = read(withLines, payload)
          const reason = await participants.reserveStock(order, caller)
          return reason === undefined
            ? { type: 'StockHeld', data: { lines } }
            : { type: 'StockDenied', data: { reason } }
        },
      },
      OrderConfirmed: {
        act: async (order, caller) => {
          await participants.commitStock(order, caller)
          return undefined
        },
      },
      OrderCanceled: {
        act: async (order, caller, payload) => {
          if (!isReturned(payload)) await participants.releaseStock(order, caller)
          return undefined
        },
      },
    }),
    {
      group: 'orders-decision',
      topics: [ordersEvents],
      handle: ({ message }) => decideOn(parts, message),
    },
  ]
}

function reactor(
  parts: ReactorParts,
  group: string,
  reactions: Readonly<Record<string, Reaction>>,
): Consumer {
  return {
    group,
    topics: [ordersEvents],
    handle: async ({ message }) => {
      const reaction = reactions[message.type]
      if (reaction !== undefined) await react(parts, group, message, reaction)
    },
  }
}

async function react(
  { pool, clock, attemptMs = 10_000 }: ReactorParts,
  consumer: string,
  message: Message,
  { onlyPending, act }: Reaction,
): Promise<void> {
  const orderId = message.key
  const { state } = await withSession(pool, session => loadOrder(session, orderId))
  if (state === null) throw messageInvalid(`there is no order ${orderId}`)
  if (onlyPending && state.status !== 'PENDING') return
  const trace = parseTraceparent(message.headers.traceparent)
  const caller = { trace, signal: AbortSignal.timeout(attemptMs) }
  const { customerId, lines } = state
  const outcome = await act({ orderId, customerId, lines }, caller, message.payload)
  if (outcome === undefined) return
  await processOnce(pool, consumer, message.id, clock.now(), async session => {
    const { type, data } = outcome
    const payload = { orderId, ...data }
    const event = { kind: 'event', topic: ordersEvents, key: orderId, type, payload, trace } as const
    await writeToOutbox(session, [composeMessage(event)], clock.now())
  })
}

/** Nothing but the order itself says whether it is confirmed: a second decision comes to nothing. */
async function decideOn({ pool, clock }: ReactorParts, message: Message): Promise<void> {
  const command = commandFor(message)
  if (command === undefined) return
  const origin = {
    actor: 'reactor:decision',
    traceparent: message.headers.traceparent,
    now: clock.now(),
  }
  await withRetriedTransaction(pool, async session => {
    await changeUnlessDecided(session, message.key, command, origin)
    await forgetPending(session, message.key)
  })
}

function commandFor({ type, payload }: Message): OrderCommand | undefined {
  if (type === 'StockHeld') return { type: 'confirm', lines: read(withLines, payload).lines }
  if (type === 'CreditDenied' || type === 'StockDenied')
    return { type: 'cancel', reason: read(withReason, payload).reason as CancelReason }
  return undefined
}

/** Whether the order was canceled after it had been confirmed: what it had was given back before that was told. */
function isReturned(payload: unknown): boolean {
  return read(withReason, payload).reason.code === 'REQUESTED'
}

function read<T>(schema: z.ZodType<T>, payload: unknown): T {
  const parsed = schema.safeParse(payload)
  if (parsed.success) return parsed.data
  throw messageInvalid(z.prettifyError(parsed.error))
}
