/** Instants are ISO 8601 in UTC with whole seconds, prices decimal text with two fraction digits. */
export type Product = {
  readonly sku: string
  readonly name: string
  readonly price: string
  /** What can still be reserved. */
  readonly stock: number
  readonly active: boolean
  /** When the product or its stock changed last. */
  readonly updatedAt: string
}

/** What a product is listed with; checked at the door, see product-rules.ts. */
export type Listing = { sku: string; name: string; price: string; stock?: number | undefined }

/** A product as it begins: for sale, with no stock unless told. */
export function listProduct({ sku, name, price, stock = 0 }: Listing, at: string): Product {
  return { sku, name, price, stock, active: true, updatedAt: at }
}

/** Milliseconds since the epoch as the instant that is stored: whole seconds, UTC. */
export function instantOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
