import { changesBetween } from '@strangler/chassis/audit/audit-entry.ts'
import type { Reason } from '@strangler/chassis/values/violation.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { productChanged } from '../domain/catalog-event.ts'
import { type Listing, listProduct, type Product } from '../domain/product.ts'
import { stockProblem } from '../domain/product-rules.ts'
import type { CatalogWriter } from './catalog-repository.ts'

/** @throws ToolkitError VALIDATION_FAILED when the SKU is taken */
export async function createProduct(writer: CatalogWriter, listing: Listing, at: string): Promise<Product> {
  const product = listProduct(listing, at)
  if (!(await writer.insert(product))) throw invalid('sku', 'INVALID')
  await writer.audit({ sku: product.sku, action: 'list', changes: changesBetween(undefined, product), at })
  await writer.publish(productChanged(product))
  return product
}

/**
 * Sets the price. What it was is read under the lock on the product's stock, for the audit.
 * @throws ToolkitError PRODUCT_NOT_FOUND
 */
export async function changePrice(
  writer: CatalogWriter,
  sku: string,
  price: string,
  at: string,
): Promise<Product> {
  if ((await writer.lockStock(sku)) === undefined) throw productNotFound(sku)
  const before = await findProduct(writer, sku)
  if (!(await writer.setPrice(sku, price, at))) throw productNotFound(sku)
  const product = await findProduct(writer, sku)
  await writer.audit({ sku, action: 'change-price', changes: changesBetween(before, product), at })
  await writer.publish(productChanged(product))
  return product
}

/**
 * Adds to the stock, or takes from it with a negative delta.
 * @throws ToolkitError PRODUCT_NOT_FOUND; VALIDATION_FAILED when the stock would be negative or over 2147483647
 */
export async function adjustStock(
  writer: CatalogWriter,
  sku: string,
  delta: number,
  at: string,
): Promise<Product> {
  const quantity = await writer.lockStock(sku)
  if (quantity === undefined) throw productNotFound(sku)
  const problem = stockProblem(quantity + delta)
  if (problem !== undefined) throw invalid('delta', problem)
  await writer.addStock(sku, delta, at)
  const changes = { stock: { from: quantity, to: quantity + delta } }
  await writer.audit({ sku, action: 'adjust-stock', changes, at })
  return findProduct(writer, sku)
}

export function productNotFound(sku: string): ToolkitError {
  return new ToolkitError('PRODUCT_NOT_FOUND', `product ${sku} not found`, { details: { sku } })
}

async function findProduct(writer: CatalogWriter, sku: string): Promise<Product> {
  const product = await writer.find(sku)
  if (product === undefined) throw productNotFound(sku)
  return product
}

function invalid(field: string, reason: Reason): ToolkitError {
  return new ToolkitError('VALIDATION_FAILED', `${field} ${reason}`, {
    details: { violations: [{ field, reason }] },
  })
}
