import type { Caller } from '@strangler/chassis/calls/capability-client.ts'

/** Whose request it is: its span, its end, and the headers that decide which side serves it. */
export type Asking = Caller & { headers: Readonly<Record<string, string>> }

export type OrderLine = { sku: string; quantity: number; unitPrice?: string | undefined }

/** What other capabilities tell, as far as the storefront shows it. Amounts are decimal text, instants ISO 8601. */
export type Order = {
  id: string
  status: string
  customerId: number
  lines: readonly OrderLine[]
  total: string | null
  reason: { code: string } | null
  placedAt: string
}
export type Customer = { id: number; name: string; email: string | null; status: string; creditLimit: string }
export type Product = { sku: string; name: string; price: string; stock: number; active: boolean }
export type OrderSummary = {
  orderId: string
  status: string
  total: string | null
  placedAt: string
  credit: string | null
  stock: string | null
}

/**
 * The capabilities, whoever serves them. Each throws a ToolkitError: PART_NOT_FOUND when there is no such thing,
 * PART_UNAVAILABLE when nobody could say.
 */
export type Capabilities = {
  order(orderId: string, asking: Asking): Promise<Order>
  customer(customerId: number, asking: Asking): Promise<Customer>
  /** `known` is what was said last, where nobody says it now. */
  product(sku: string, asking: Asking): Promise<Product & { known?: 'before' }>
  /** What the customer's history says of one order; null when it does not know it yet. */
  summary(order: Order, asking: Asking): Promise<OrderSummary | null>
  /** Newest first. */
  orders(customerId: number, limit: number, asking: Asking): Promise<OrderSummary[]>
}
