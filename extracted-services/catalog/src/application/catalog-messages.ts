import { randomUUID } from 'node:crypto'
import type { Message } from '@strangler/chassis/messaging/message.ts'
import type { CatalogEvent } from '../domain/catalog-event.ts'

/** Events of products are in order per SKU, events of stock per order. */
export const catalogTopics = { products: 'catalog-products', stock: 'catalog-stock' } as const

/** An event as the message that is published. */
export function messageOfEvent({ type, data }: CatalogEvent, traceparent: string): Message {
  const [topic, key] =
    'sku' in data ? [catalogTopics.products, data.sku] : [catalogTopics.stock, data.orderId]
  return { id: randomUUID(), topic, key, type, headers: { traceparent }, payload: data }
}
