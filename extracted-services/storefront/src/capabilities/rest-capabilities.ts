import { type Answer, createCapabilityClient, type Send } from '@strangler/chassis/calls/capability-client.ts'
import type { Log } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import type { Asking, Capabilities, Product } from '../application/capabilities.ts'

// Readers are tolerant: what a capability says besides is passed over, so that it may say more one day.
const order = z.object({
  id: z.string(),
  status: z.string(),
  customerId: z.int(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitPrice: z.string().optional() })),
  total: z.string().nullable(),
  reason: z.object({ code: z.string() }).nullable(),
  placedAt: z.string(),
})
const customer = z.object({
  id: z.int(),
  name: z.string(),
  email: z.string().nullable(),
  status: z.string(),
  creditLimit: z.string(),
})
const product = z.object({
  sku: z.string(),
  name: z.string(),
  price: z.string(),
  stock: z.int(),
  active: z.boolean(),
})
const history = z.object({
  items: z.array(
    z.object({
      orderId: z.string(),
      status: z.string(),
      total: z.string().nullable(),
      placedAt: z.string(),
      credit: z.string().nullable(),
      stock: z.string().nullable(),
    }),
  ),
})

const mostKnown = 1_000

/**
 * The capabilities over REST, all at the proxy's address: which side serves them is not the storefront's business. A read
 * that fails is tried once more, unless its time is over or the capability's breaker is open. A product that nobody tells
 * of now is told as it was known last.
 */
export function createRestCapabilities(baseUrl: string, log: Log): Capabilities {
  const clientOf = (capability: string) => createCapabilityClient({ baseUrl, capability, log, retries: 1 })
  const [orders, customers, catalog] = [clientOf('orders'), clientOf('customers'), clientOf('catalog')]
  const known = new Map<string, Product>()

  function remember(product: Product): Product {
    // The map keeps the order of insertion: the first is the one that was not told of for longest.
    known.delete(product.sku)
    known.set(product.sku, product)
    const [oldest] = known.keys()
    if (known.size > mostKnown && oldest !== undefined) known.delete(oldest)
    return product
  }

  return {
    order: (id, asking) => read(orders, `/orders/${encodeURIComponent(id)}`, order, asking),
    customer: (id, asking) => read(customers, `/customers/${id}`, customer, asking),
    product: async (sku, asking) => {
      try {
        return remember(await read(catalog, `/products/${encodeURIComponent(sku)}`, product, asking))
      } catch (error) {
        const before = known.get(sku)
        if (before === undefined || (error as { code?: unknown }).code === 'PART_NOT_FOUND') throw error
        return { ...before, known: 'before' }
      }
    },
    summary: async ({ id, customerId }, asking) => {
      const path = `/order-history?customerId=${customerId}&orderId=${id}`
      const [summary] = (await read(orders, path, history, asking)).items
      return summary ?? null
    },
    orders: async (customerId, limit, asking) => {
      const path = `/order-history?customerId=${customerId}&limit=${limit}`
      return (await read(orders, path, history, asking)).items
    },
  }
}

/** @throws ToolkitError PART_NOT_FOUND, PART_UNAVAILABLE */
async function read<T>(send: Send, path: string, schema: z.ZodType<T>, asking: Asking): Promise<T> {
  let answer: Answer
  try {
    answer = await send('GET', path, asking, { headers: asking.headers })
  } catch (cause) {
    throw new ToolkitError('PART_UNAVAILABLE', `${path} was not answered`, { cause })
  }
  if (answer.status === 404) throw new ToolkitError('PART_NOT_FOUND', `${path} is not there`)
  const parsed = schema.safeParse(answer.body)
  if (answer.status === 200 && parsed.success) return parsed.data
  throw new ToolkitError('PART_UNAVAILABLE', `${path} was answered ${answer.status} ${answer.type}`, {
    details: { problems: parsed.error?.issues },
  })
}
