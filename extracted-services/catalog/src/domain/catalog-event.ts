import type { Product } from './product.ts'
import type { Line, Shortage } from './reservation.ts'

/** What others are told. A product's event says nothing of its stock, which has events of its own. */
export type CatalogEvent =
  | { type: 'ProductChanged'; data: Omit<Product, 'stock'> }
  | { type: 'StockReserved'; data: { orderId: string; lines: readonly Line[]; at: string } }
  | { type: 'StockRefused'; data: { orderId: string; shortages: readonly Shortage[]; at: string } }
  | { type: 'StockReleased'; data: { orderId: string; lines: readonly Line[]; at: string } }

export function productChanged({ stock, ...data }: Product): CatalogEvent {
  return { type: 'ProductChanged', data }
}
