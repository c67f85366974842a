import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { askPart, foundIn, type MissingReason, missingOf, type Part } from './ask-part.ts'
import type { Asking, Capabilities, Customer, Order, OrderSummary, Product } from './capabilities.ts'

export type ComposeParts = Parameters<typeof askPart>[2] & { capabilities: Capabilities }

export type OrderDetails = {
  order: Order
  customer: Customer | null
  products: ReadonlyMap<string, Product & { known?: 'before' }>
  summary: OrderSummary | null
  missing: readonly { part: string; reason: MissingReason }[]
}

const mostProducts = 100

/**
 * Everything about an order, from three capabilities that are asked at the same time once the order is there. Without the
 * order there is nothing to show; any other part may be missing, and is named then.
 * @param wanted parts besides the order and its products; what isn't shown isn't asked for
 * @throws ToolkitError ORDER_NOT_FOUND, ORDER_UNAVAILABLE
 */
export async function composeOrder(
  orderId: string,
  wanted: { customer: boolean; summary: boolean },
  asking: Asking,
  parts: ComposeParts,
): Promise<OrderDetails> {
  const { capabilities } = parts
  const found = await askPart('order', asking, parts, each => capabilities.order(orderId, each))
  if ('missing' in found) throw withoutOrder(orderId, found.missing)
  const order = found.value
  const skus = [...new Set(order.lines.map(({ sku }) => sku))].slice(0, mostProducts)
  const [customer, summary, products] = await Promise.all([
    wanted.customer
      ? askPart('customer', asking, parts, each => capabilities.customer(order.customerId, each))
      : undefined,
    wanted.summary ? askPart('summary', asking, parts, each => capabilities.summary(order, each)) : undefined,
    Promise.all(
      skus.map(
        async sku =>
          [sku, await askPart('product', asking, parts, each => capabilities.product(sku, each))] as const,
      ),
    ),
  ])
  const named: Record<string, Part<unknown>> = Object.fromEntries(
    products.map(([sku, part]) => [`product ${sku}`, part]),
  )
  if (customer !== undefined) named.customer = customer
  if (summary !== undefined) named.summary = summary
  return {
    order,
    customer: customer === undefined ? null : foundIn(customer),
    summary: summary === undefined ? null : foundIn(summary),
    products: new Map(
      products.flatMap(([sku, part]) => ('value' in part ? [[sku, part.value] as const] : [])),
    ),
    missing: missingOf(named),
  }
}

export type CustomerAccount = {
  customer: Customer
  orders: readonly OrderSummary[] | null
  missing: readonly { part: string; reason: MissingReason }[]
}

/** A customer with its latest orders, asked for at the same time. @throws ToolkitError CUSTOMER_NOT_FOUND, CUSTOMER_UNAVAILABLE */
export async function composeAccount(
  customerId: number,
  latest: number,
  asking: Asking,
  parts: ComposeParts,
): Promise<CustomerAccount> {
  const { capabilities } = parts
  const [customer, orders] = await Promise.all([
    askPart('customer', asking, parts, each => capabilities.customer(customerId, each)),
    askPart('orders', asking, parts, each => capabilities.orders(customerId, latest, each)),
  ])
  if ('missing' in customer) {
    const code = customer.missing === 'NOT_FOUND' ? 'CUSTOMER_NOT_FOUND' : 'CUSTOMER_UNAVAILABLE'
    throw new ToolkitError(code, sentenceOf(`customer ${customerId}`, customer.missing))
  }
  return { customer: customer.value, orders: foundIn(orders), missing: missingOf({ orders }) }
}

function withoutOrder(orderId: string, missing: MissingReason): ToolkitError {
  const code = missing === 'NOT_FOUND' ? 'ORDER_NOT_FOUND' : 'ORDER_UNAVAILABLE'
  return new ToolkitError(code, sentenceOf(`order ${orderId}`, missing))
}

function sentenceOf(what: string, missing: MissingReason): string {
  return missing === 'NOT_FOUND' ? `${what} not found` : `nobody can say anything about ${what} now`
}
