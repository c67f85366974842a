import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import type { Express } from 'express'
import type { Orders } from '../src/application/orders.ts'
import type { Order } from '../src/domain/order.ts'
import { buildApp } from '../src/http/build-app.ts'

export const id = '6f2c1f2e-3c58-4f0e-9b1f-0123456789ab'
export const order: Order = {
  status: 'PENDING',
  customerId: 7,
  lines: [{ sku: 'TEA', quantity: 1 }],
  total: null,
  reason: null,
  placedAt: '2024-02-29T12:00:00.000Z',
  updatedAt: '2024-02-29T12:00:00.000Z',
}
const none = async () => {
  throw new Error('not expected')
}

/** The service's app over one order that never changes, but for what a test says otherwise. */
export function createOrdersApp(changes: Partial<Orders> = {}): Express {
  const orders: Orders = {
    find: async () => ({ state: order, version: 1 }),
    place: async (_placing, _origin, answer) =>
      answer({ claim: async () => ({ claimed: true }), complete: async () => {} }, async () => ({
        state: order,
        version: 1,
      })),
    requestCancel: none,
    awaitChange: (_orderId, ms) => systemClock.sleep(Math.min(ms, 5)),
    audit: async () => [],
    history: async () => [],
    historyVersion: async () => 0,
    ...changes,
  }
  return buildApp({
    orders,
    clock: systemClock,
    log: createLog('orders', 'silent'),
    metrics: createMetrics(),
    notReady: () => [],
  })
}
