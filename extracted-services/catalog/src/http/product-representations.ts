import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Request, Response } from 'express'
import type { Product } from '../domain/product.ts'
import { negotiate } from './negotiate.ts'
import { encodeProduct, encodeProducts } from './product-protobuf.ts'
import { writeProduct, writeProducts } from './product-xml.ts'

type Representation = {
  one(product: Product): string | Buffer
  many(products: readonly Product[]): string | Buffer
}

/** The preferred one first. */
const representations = {
  'application/json': { one: JSON.stringify, many: items => JSON.stringify({ items }) },
  'application/xml': { one: writeProduct, many: writeProducts },
  'application/x-protobuf': { one: encodeProduct, many: encodeProducts },
} as const satisfies Record<string, Representation>

export const productMediaTypes = Object.keys(representations) as (keyof typeof representations)[]

/**
 * How the caller wants to have products.
 * @throws ToolkitError NOT_ACCEPTABLE with the media types that there are
 */
export function chooseRepresentation(request: Request, response: Response) {
  response.vary('accept')
  const mediaType = negotiate(request.get('accept'), productMediaTypes)
  if (mediaType === undefined)
    throw new ToolkitError('NOT_ACCEPTABLE', `products come as ${productMediaTypes.join(', ')}`, {
      details: { mediaTypes: productMediaTypes },
    })
  const { one, many } = representations[mediaType]
  const send = (body: string | Buffer) => void response.type(mediaType).send(body)
  return {
    sendOne: (product: Product) => send(one(product)),
    sendMany: (products: readonly Product[]) => send(many(products)),
  }
}
