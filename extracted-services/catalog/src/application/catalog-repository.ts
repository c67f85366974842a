import type { AuditEntry, Changes } from '@strangler/chassis/audit/audit-entry.ts'
import type { IdempotencyStore } from '@strangler/chassis/idempotency/answer-once.ts'
import type { CatalogEvent } from '../domain/catalog-event.ts'
import type { Product } from '../domain/product.ts'
import type { Reservation } from '../domain/reservation.ts'

export type ProductQuery = {
  /** Only SKUs above this text, byte for byte. */
  afterSku?: string
  activeOnly: boolean
  limit: number
}

export type WriteOptions = {
  /** Nothing stays in any case. */
  rehearsal: boolean
  /** The W3C trace context that events are published with. */
  traceparent: string
}

/** Where products, stock and reservations are kept. Reads see what has been committed. */
export type CatalogRepository = {
  find(sku: string): Promise<Product | undefined>
  /** In the order of their SKUs. */
  list(query: ProductQuery): Promise<Product[]>
  findReservation(orderId: string): Promise<Reservation | undefined>
  /** Everything that was done to a product but for its reservations, in its order. */
  auditTrail(sku: string): Promise<AuditEntry[]>
  /**
   * One transaction: everything that `work` does stays, or nothing. `work` may run again when the transaction lost
   * against another one.
   */
  write<T>(work: (writer: CatalogWriter) => Promise<T>, options: WriteOptions): Promise<T>
}

/** What somebody did to a product; `at` is ISO 8601 in UTC. */
export type ProductAction = { sku: string; action: string; changes: Changes; at: string }

export type CatalogWriter = {
  find(sku: string): Promise<Product | undefined>
  /** False when the SKU is taken. */
  insert(product: Product): Promise<boolean>
  /** False when there is no such product. Nobody else can change the product until the transaction ends. */
  setPrice(sku: string, price: string, at: string): Promise<boolean>
  /** Which of the SKUs are products for sale. */
  forSale(skus: readonly string[]): Promise<ReadonlySet<string>>
  /** The quantity, which nobody else can change until the transaction ends; undefined when there is no such stock. */
  lockStock(sku: string): Promise<number | undefined>
  /** Takes from a stock if it has that much; false, and nothing is taken, if it has not. */
  takeStock(sku: string, quantity: number, at: string): Promise<boolean>
  /** Adds to a stock; `quantity` may be negative, for a stock that is locked and has that much. */
  addStock(sku: string, quantity: number, at: string): Promise<void>
  /**
   * The order's reservation, which nobody else can make or change until the transaction ends. Whoever finds none makes
   * one in the same transaction, or throws.
   */
  lockReservation(orderId: string): Promise<Reservation | undefined>
  /** Writes a locked reservation. Its lines are those it was made with. */
  saveReservation(reservation: Reservation): Promise<void>
  /** Notes what was done to a product that is locked or new, with the change itself. */
  audit(action: ProductAction): Promise<void>
  /** Tells others, if the transaction commits. */
  publish(event: CatalogEvent): Promise<void>
  readonly idempotency: IdempotencyStore
}
