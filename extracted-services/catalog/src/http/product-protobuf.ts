import protobuf from 'protobufjs'
import type { Product } from '../domain/product.ts'
import { protoFile } from '../proto-file.ts'

const root = protobuf.loadSync(protoFile)
const productMessage = root.lookupType('shop.catalog.v1.Product')
const listMessage = root.lookupType('shop.catalog.v1.ProductList')

export function encodeProduct(product: Product): Buffer {
  return Buffer.from(productMessage.encode(product).finish())
}

export function encodeProducts(products: readonly Product[]): Buffer {
  return Buffer.from(listMessage.encode({ items: products }).finish())
}
