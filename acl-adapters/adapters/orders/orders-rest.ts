import type { Json, JsonObject } from '../../src/codec/json.ts'
import type {
  RestAnswer,
  RestMapping,
  RestRequest,
  RestResource,
} from '../../src/rest-facade/rest-mapping.ts'
import { orderNoOf, resourceOfOrder } from './order-forms.ts'
import {
  customerNotFound,
  orderNotFoundProblem,
  orderProblemOf,
  placingViolations,
  validationProblem,
} from './order-problems.ts'
import { orderSchemas } from './order-schemas.ts'

type Input = ReturnType<RestResource['input']>

const largestInt = 2_147_483_647

/**
 * The resources of orders over the monolith, in the shape of the orders service. The monolith decides at once: what
 * the service would cancel for want of credit or stock is refused here, with the same code.
 */
export const ordersRest: RestMapping = {
  name: 'orders',
  bodyLimit: 65_536,
  schemas: orderSchemas,
  problemOf: orderProblemOf,
  reads: ['GetOrder'],
  resources: [
    {
      method: 'POST',
      path: '/orders',
      operation: 'PlaceOrder',
      summary: 'Place an order',
      request: 'Placing',
      response: 'Order',
      success: 201,
      input: placingInput,
      answer: reply => {
        const order = orderIn(reply)
        return { status: 201, headers: { location: `/orders/${order.id}` }, body: order }
      },
    },
    {
      method: 'GET',
      path: '/orders/{id}',
      operation: 'GetOrder',
      summary: 'One order',
      response: 'Order',
      success: 200,
      input: withOrder,
      answer: reply => ok(orderIn(reply)),
    },
    {
      method: 'POST',
      path: '/orders/{id}/cancel',
      operation: 'CancelOrder',
      summary: 'Cancel an order; its stock and credit come back',
      response: 'Order',
      success: 200,
      input: withOrder,
      answer: reply => ok(orderIn(reply)),
    },
  ],
}

function ok(body: Json): RestAnswer {
  return { status: 200, body }
}

function orderIn(reply: Json): JsonObject {
  return resourceOfOrder((reply as { order: JsonObject }).order)
}

function withOrder({ parameters }: RestRequest): Input {
  const id = parameters.id ?? ''
  const orderNo = orderNoOf(id)
  return orderNo === undefined ? { answer: { problem: orderNotFoundProblem(id) } } : { input: { orderNo } }
}

function placingInput({ body }: RestRequest): Input {
  const violations = placingViolations(body)
  if (violations.length > 0) return { answer: { problem: validationProblem(violations) } }
  const { customerId, lines } = body as { customerId: number; lines: JsonObject[] }
  // No customer of the monolith has a number beyond xs:int.
  if (customerId > largestInt) return { answer: { problem: customerNotFound(customerId) } }
  return {
    input: {
      custNo: customerId,
      line: lines.map(({ sku, quantity }) => ({ sku: sku!, quantity: quantity! })),
    },
  }
}
