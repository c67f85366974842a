import { addResource } from '@strangler/chassis/http/create-http-app.ts'
import type { Express } from 'express'
import {
  type ComposeParts,
  composeAccount,
  composeOrder,
  type OrderDetails,
} from '../application/order-details.ts'
import { answer, askingOf, customerIdIn, orderIdIn } from './asking-of.ts'

const latestOrders = 50

/** The back end of the web shop: a page in one answer, with everything that a wide screen shows. */
export function addWebResources(app: Express, parts: ComposeParts): void {
  addResource(app, '/web/orders/:id', {
    get: [
      async (request, response) => {
        const wanted = { customer: true, summary: true }
        const details = await composeOrder(orderIdIn(request), wanted, askingOf(request, response), parts)
        answer(response, orderPage(details))
      },
    ],
  })
  addResource(app, '/web/customers/:id', {
    get: [
      async (request, response) => {
        const id = customerIdIn(request)
        const account = await composeAccount(id, latestOrders, askingOf(request, response), parts)
        const { customer, orders, missing } = account
        answer(response, { customer, orders, partial: missing.length > 0, missing })
      },
    ],
  })
}

function orderPage({ order, customer, products, summary, missing }: OrderDetails) {
  const { id, status, total, reason, placedAt } = order
  return {
    id,
    status,
    reason,
    placedAt,
    total,
    customer,
    lines: order.lines.map(({ sku, quantity, unitPrice = null }) => {
      const product = products.get(sku)
      return {
        sku,
        quantity,
        unitPrice,
        product:
          product === undefined
            ? null
            : {
                name: product.name,
                priceNow: product.price,
                available: product.stock,
                forSale: product.active,
                known: product.known ?? 'now',
              },
      }
    }),
    progress: summary === null ? null : { credit: summary.credit, stock: summary.stock },
    partial: missing.length > 0,
    missing,
  }
}
