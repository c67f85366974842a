import {
  type Answer,
  type Caller,
  createCapabilityClient,
  type Send,
  unexpected,
} from '@strangler/chassis/calls/capability-client.ts'
import type { Reason } from '@strangler/chassis/saga/saga.ts'
import type { Log } from '@strangler/kit/log.ts'
import type { OrderOf, Participants } from '../application/participants.ts'
import type { Line, PricedLine } from '../domain/order.ts'
import type { CreditHolds } from './credit-holds.ts'
import type { StockLookup } from './stock-lookup.ts'

type CustomerAnswer = { status: string; creditLimit: string }

/** Problem types that refuse for good, and the reason that an order is canceled with. */
const refusals: Readonly<Record<string, string>> = {
  'urn:problem:customer-not-found': 'CUSTOMER_NOT_FOUND',
  'urn:problem:customer-inactive': 'CUSTOMER_INACTIVE',
  'urn:problem:credit-exceeded': 'CREDIT_EXCEEDED',
  'urn:problem:credit-released': 'CREDIT_RELEASED',
  'urn:problem:product-not-found': 'PRODUCT_NOT_FOUND',
  'urn:problem:out-of-stock': 'OUT_OF_STOCK',
  'urn:problem:reservation-released': 'STOCK_RELEASED',
}
/** Members of a problem that say what kind it is rather than what it is about. */
const common = ['type', 'title', 'status', 'detail']

/**
 * The other capabilities over REST, all at one address: the proxy's. Customers may still be served by the monolith, whose
 * façade has no credit reservations; then the limit is read there, and what orders hold of it is kept in `holds`.
 */
export function createRestParticipants(
  baseUrl: string,
  { holds, stock, log }: { holds: CreditHolds; stock?: StockLookup | undefined; log: Log },
): Participants {
  const customers = createCapabilityClient({ baseUrl, capability: 'customers', log })
  const catalog = createCapabilityClient({ baseUrl, capability: 'catalog', log })
  return {
    price: async (lines, caller) => {
      const priced = await price(catalog, lines, caller)
      if (!Array.isArray(priced) || stock === undefined) return priced
      return (await knownShortage(stock, lines, caller)) ?? priced
    },
    reserveCredit: (order, caller) => reserveCredit(customers, holds, order, caller),
    releaseCredit: async (order, caller) => {
      const { orderId, customerId } = order
      const answer = await customers('DELETE', creditPath(order, orderId), caller)
      if (answer.status !== 200 && !isLacking(answer)) throw unexpected('customers', answer)
      await holds.release(orderId, customerId)
    },
    reserveStock: async ({ orderId, lines }, caller) => {
      const answer = await catalog('POST', '/reservations', caller, { body: { orderId, lines } })
      if (answer.status === 201 || answer.status === 200) return undefined
      // The monolith can't take stock for an order once only, so an order can't have any of it.
      if (isLacking(answer)) return { code: 'STOCK_NOT_RESERVABLE' }
      return reasonOf('catalog', answer)
    },
    releaseStock: async ({ orderId }, caller) => {
      const answer = await catalog('DELETE', `/reservations/${orderId}`, caller)
      if (answer.status !== 200 && !isLacking(answer)) throw unexpected('catalog', answer)
    },
    commitStock: async ({ orderId }, caller) => {
      const answer = await catalog('POST', `/reservations/${orderId}/commit`, caller)
      if (answer.status !== 200) throw unexpected('catalog', answer)
    },
    returnStock: async ({ orderId, lines }, caller) => {
      for (const { sku, quantity } of merge(lines)) {
        const path = `/products/${encodeURIComponent(sku)}/stock-adjustments`
        const options = { body: { delta: quantity }, idempotencyKey: `return-${orderId}-${sku}` }
        const answer = await catalog('POST', path, caller, options)
        if (answer.status !== 200) throw unexpected('catalog', answer)
      }
    },
  }
}

async function price(catalog: Send, lines: readonly Line[], caller: Caller): Promise<PricedLine[] | Reason> {
  const skus = [...new Set(lines.map(({ sku }) => sku))]
  const answers = await Promise.all(
    skus.map(
      async sku => [sku, await catalog('GET', `/products/${encodeURIComponent(sku)}`, caller)] as const,
    ),
  )
  const prices = new Map<string, string>()
  for (const [sku, answer] of answers) {
    if (answer.status !== 200) return reasonOf('catalog', answer)
    if (answer.body.active !== true) return { code: 'NOT_FOR_SALE', details: { sku } }
    prices.set(sku, String(answer.body.price))
  }
  return lines.map(line => ({ ...line, unitPrice: prices.get(line.sku)! }))
}

/**
 * Spares an order that can't be delivered the reservation of credit, and whoever it is for the wait. What is looked up
 * may be old by the time that stock is reserved, and that is what decides; where nobody knows, it goes on to that.
 */
async function knownShortage(
  stock: StockLookup,
  lines: readonly Line[],
  caller: Caller,
): Promise<Reason | undefined> {
  const shortages = await Promise.all(
    merge(lines).map(async ({ sku, quantity: requested }) => {
      const available = await stock.quantityOf(sku, caller)
      const short = available !== undefined && available < requested
      return short ? [{ sku, requested, available, reason: 'OUT_OF_STOCK' }] : []
    }),
  )
  const known = shortages.flat()
  return known.length === 0 ? undefined : { code: 'OUT_OF_STOCK', details: { shortages: known } }
}

async function reserveCredit(
  customers: Send,
  holds: CreditHolds,
  order: OrderOf & { amount: string },
  caller: Caller,
): Promise<Reason | undefined> {
  const { orderId, customerId, amount } = order
  // Begun while the monolith served customers: it is not to hold credit on both sides.
  if (await holds.isHeld(orderId)) return undefined
  const answer = await customers('POST', creditPath(order), caller, { body: { orderId, amount } })
  if (answer.status === 201 || answer.status === 200) return undefined
  if (!isLacking(answer)) return reasonOf('customers', answer)

  const found = await customers('GET', `/customers/${customerId}`, caller)
  if (found.status !== 200) return reasonOf('customers', found)
  const { status, creditLimit } = found.body as CustomerAnswer
  if (status !== 'active') return { code: 'CUSTOMER_INACTIVE', details: { customerStatus: status } }
  return holds.hold({ orderId, customerId, amount, limit: creditLimit })
}

/** Whether whoever serves the capability has no such resource at all: no problem of the capability says so. */
function isLacking({ status, type }: Answer): boolean {
  const ofCapability = refusals[type] !== undefined
  return [404, 405, 501].includes(status) && !ofCapability
}

/** @throws ToolkitError ANSWER_UNEXPECTED when the answer does not refuse for good */
function reasonOf(capability: string, answer: Answer): Reason {
  const code = refusals[answer.type]
  if (code === undefined) throw unexpected(capability, answer)
  const details = Object.fromEntries(Object.entries(answer.body).filter(([name]) => !common.includes(name)))
  return { code, details }
}

function creditPath({ customerId }: OrderOf, orderId?: string): string {
  const path = `/customers/${customerId}/credit-reservations`
  return orderId === undefined ? path : `${path}/${orderId}`
}

function merge(lines: readonly Line[]): Line[] {
  const quantities = new Map<string, number>()
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity)
  return [...quantities].map(([sku, quantity]) => ({ sku, quantity }))
}
