import type { JsonObject } from '../../src/codec/json.ts'

const largestInt = 2_147_483_647
const idForm = /^00000000-0000-0000-0000-([0-9a-f]{12})$/

/** The monolith numbers its orders; their resources are named as those of the service are, by a UUID. */
export function orderIdOf(orderNo: number): string {
  return `00000000-0000-0000-0000-${orderNo.toString(16).padStart(12, '0')}`
}

/** Undefined for the id of an order that is not the monolith's. */
export function orderNoOf(id: string): number | undefined {
  const digits = idForm.exec(id)?.[1]
  const orderNo = digits === undefined ? undefined : Number.parseInt(digits, 16)
  return orderNo === undefined || orderNo > largestInt ? undefined : orderNo
}

/**
 * An Order of the WSDL as the resource, keys in the order of its contract. The monolith decides at once, so there
 * is no PENDING; one that has been shipped is a confirmed one. The version counts the events that such an order has.
 */
export function resourceOfOrder(order: JsonObject): JsonObject {
  const canceled = order.statusCode === 'X'
  return {
    id: orderIdOf(order.orderNo as number),
    status: canceled ? 'CANCELED' : 'CONFIRMED',
    customerId: order.custNo!,
    lines: (order.line as JsonObject[]).map(({ sku, quantity, unitPrice }) => ({
      sku: sku!,
      quantity: quantity!,
      unitPrice: unitPrice!,
    })),
    total: order.total!,
    reason: canceled ? { code: 'REQUESTED' } : null,
    placedAt: order.placedAt!,
    updatedAt: order.changedAt!,
    version: canceled ? 4 : 2,
  }
}
