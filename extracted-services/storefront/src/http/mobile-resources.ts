import { addResource } from '@strangler/chassis/http/create-http-app.ts'
import type { Express } from 'express'
import { type ComposeParts, composeAccount, composeOrder } from '../application/order-details.ts'
import { answer, askingOf, customerIdIn, orderIdIn } from './asking-of.ts'

const latestOrders = 5

/** The back end of the app on a phone: few bytes, few calls behind it, and names instead of structures. */
export function addMobileResources(app: Express, parts: ComposeParts): void {
  addResource(app, '/mobile/orders/:id', {
    get: [
      async (request, response) => {
        const wanted = { customer: false, summary: false }
        const asking = askingOf(request, response)
        const { order, products, missing } = await composeOrder(orderIdIn(request), wanted, asking, parts)
        answer(response, {
          id: order.id,
          status: order.status,
          ...(order.reason === null ? {} : { reason: order.reason.code }),
          ...(order.total === null ? {} : { total: order.total }),
          items: order.lines.map(({ sku, quantity }) => ({ name: products.get(sku)?.name ?? sku, quantity })),
          ...(missing.length === 0 ? {} : { partial: true }),
        })
      },
    ],
  })
  addResource(app, '/mobile/customers/:id', {
    get: [
      async (request, response) => {
        const asking = askingOf(request, response)
        const { customer, orders } = await composeAccount(customerIdIn(request), latestOrders, asking, parts)
        answer(response, {
          name: customer.name,
          ...(orders === null
            ? { partial: true }
            : { orders: orders.map(({ orderId, status, total }) => ({ id: orderId, status, total })) }),
        })
      },
    ],
  })
}
