import type { JsonObject } from '../../src/codec/json.ts'

/** A Product of the WSDL as the resource, keys in the order of its contract. */
export function resourceOfProduct(product: JsonObject): JsonObject {
  return {
    sku: product.sku!,
    name: product.name!,
    price: product.price!,
    stock: product.stock!,
    active: product.active!,
    updatedAt: product.changedAt!,
  }
}

/** The resource as a Product of the WSDL. */
export function productOfResource(resource: JsonObject): JsonObject {
  return {
    sku: resource.sku!,
    name: resource.name!,
    price: resource.price!,
    stock: resource.stock!,
    active: resource.active!,
    changedAt: resource.updatedAt!,
  }
}
