import { randomUUID } from 'node:crypto'
import { addResource, jsonBody } from '@strangler/chassis/http/create-http-app.ts'
import { type ProblemMapping, problem } from '@strangler/chassis/http/problem-details.ts'
import { traceOf } from '@strangler/chassis/http/request-log.ts'
import { answerOnce, hashRequest, readIdempotencyKey } from '@strangler/chassis/idempotency/answer-once.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { formatTraceparent } from '@strangler/kit/trace-context.ts'
import type { Express, Request, Response } from 'express'
import type { Orders, RequestOrigin, VersionedOrder } from '../application/orders.ts'
import { check, historySchema, orderIdForm, placeSchema } from './request-schemas.ts'

const longestWaitMs = 10_000
const historyWaitMs = 2_000
/** How often to look at an order that another process may have decided, in ms. */
const lookMs = 200

/** How the errors of orders are answered. */
export const orderProblems: ProblemMapping = {
  ORDER_NOT_FOUND: error => problem('order-not-found', 'Order not found', 404, error.message),
  ORDER_PENDING: error => problem('order-pending', 'Order pending', 409, error.message),
  HISTORY_BEHIND: error => problem('history-behind', 'History behind', 503, error.message),
}

/** The REST face of orders. */
export function addOrderResources(app: Express, orders: Orders, clock: Clock): void {
  addResource(app, '/orders', {
    post: [
      ...jsonBody,
      async (request, response) => {
        const key = readIdempotencyKey(request.get('idempotency-key'))
        const placing = { orderId: randomUUID(), ...check(placeSchema, request.body) }
        const hash = hashRequest(request.method, request.path, request.body)
        const rehearsal = isRehearsal(request, response)
        const answer = await orders.place(
          placing,
          originOf(request, response),
          (idempotency, place) =>
            answerOnce(idempotency, key, hash, async () => {
              const body = represent(placing.orderId, await place())
              return { status: 202, headers: { location: `/orders/${placing.orderId}` }, body }
            }),
          { rehearsal },
        )
        const { id } = answer.body as { id: string }
        const waitMs = rehearsal ? 0 : waitOf(request)
        const decided = waitMs === 0 ? undefined : await awaitDecision(orders, clock, id, waitMs)
        response.set(answer.headers)
        if (waitMs > 0) response.set('preference-applied', `wait=${waitMs / 1000}`)
        if (decided === undefined) {
          token(response, answer.body as Representation)
          response.status(answer.status).json(answer.body)
          return
        }
        const body = represent(id, decided)
        token(response, body)
        response.status(201).json(body)
      },
    ],
  })
  addResource(app, '/orders/:id', {
    get: [
      async (request, response) => {
        const id = orderIdIn(request)
        response.json(represent(id, await orders.find(id)))
      },
    ],
  })
  addResource(app, '/orders/:id/cancel', {
    post: [
      async (request, response) => {
        const id = orderIdIn(request)
        const rehearsal = isRehearsal(request, response)
        try {
          const order = await orders.requestCancel(id, originOf(request, response), { rehearsal })
          const body = represent(id, order)
          token(response, body)
          response.status(body.status === 'CANCELED' ? 200 : 202).json(body)
        } catch (error) {
          if ((error as { code?: unknown }).code === 'ORDER_PENDING') response.set('retry-after', '1')
          throw error
        }
      },
    ],
  })
  addResource(app, '/orders/:id/audit', {
    get: [
      async (request, response) => {
        const id = orderIdIn(request)
        const items = await orders.audit(id)
        if (items.length === 0) throw orderNotFound(id)
        response.json({ items })
      },
    ],
  })
  addResource(app, '/order-history', {
    get: [
      async (request, response) => {
        const { customerId, limit = 50, orderId, after } = check(historySchema, request.query)
        if (after !== undefined) await awaitHistory(orders, clock, after, response)
        response.json({ items: await orders.history({ customerId, limit, orderId }) })
      },
    ],
  })
}

type Representation = ReturnType<typeof represent>

function represent(id: string, { state, version }: VersionedOrder) {
  if (state === null) throw orderNotFound(id)
  const { status, customerId, lines, total, reason, placedAt, updatedAt } = state
  return { id, status, customerId, lines, total, reason, placedAt, updatedAt, version }
}

/** What a caller asks the history with, so as to find in it what it has just done. */
function token(response: Response, { id, version }: Representation): void {
  response.set('order-history-token', `${id}.${version}`)
}

/** RFC 7240: how long the caller would rather wait for the decision than ask again, in ms. */
function waitOf(request: Request): number {
  const seconds = /(?:^|[,;])\s*wait\s*=\s*(\d{1,4})\s*(?:[,;]|$)/i.exec(request.get('prefer') ?? '')?.[1]
  return seconds === undefined ? 0 : Math.min(Number(seconds) * 1_000, longestWaitMs)
}

async function awaitDecision(
  orders: Orders,
  clock: Clock,
  id: string,
  waitMs: number,
): Promise<VersionedOrder | undefined> {
  for (const deadline = clock.elapsed() + waitMs; ; ) {
    // It may change while it is read, so the wait for that begins before.
    const changed = orders.awaitChange(id, Math.max(1, Math.min(lookMs, deadline - clock.elapsed())))
    const order = await orders.find(id)
    if (order.state?.status !== 'PENDING') return order
    if (clock.elapsed() >= deadline) return undefined
    await changed
  }
}

/** @throws ToolkitError HISTORY_BEHIND */
async function awaitHistory(orders: Orders, clock: Clock, after: string, response: Response): Promise<void> {
  const [id, wanted] = after.split('.') as [string, string]
  const deadline = clock.elapsed() + historyWaitMs
  for (let pause = 5; ; pause = Math.min(pause * 1.5, 100)) {
    const version = await orders.historyVersion(id)
    if (version >= Number(wanted)) return
    if (clock.elapsed() >= deadline) {
      response.set('retry-after', '1')
      throw new ToolkitError(
        'HISTORY_BEHIND',
        `the history has not come to version ${wanted} of order ${id}`,
        {
          details: { version, wanted: Number(wanted) },
        },
      )
    }
    await clock.sleep(pause)
  }
}

function orderIdIn(request: Request): string {
  const id = String(request.params.id)
  if (orderIdForm.test(id)) return id
  throw orderNotFound(id)
}

function orderNotFound(id: string): ToolkitError {
  return new ToolkitError('ORDER_NOT_FOUND', `order ${id.slice(0, 64)} not found`)
}

/** Nobody has told this service who calls: that is the gateway's business. */
function originOf(_request: Request, response: Response): RequestOrigin {
  return { actor: 'http', traceparent: formatTraceparent(traceOf(response)) }
}

function isRehearsal(request: Request, response: Response): boolean {
  const rehearsal = request.get('strangler-rehearsal') === '1'
  if (rehearsal) response.set('strangler-rehearsal', 'done')
  return rehearsal
}
