import { addResource, jsonBody } from '@strangler/chassis/http/create-http-app.ts'
import { type ProblemMapping, problem } from '@strangler/chassis/http/problem-details.ts'
import type { Express, Request } from 'express'
import type { CatalogRepository } from '../application/catalog-repository.ts'
import { adjustStock, changePrice, createProduct, productNotFound } from '../application/change-products.ts'
import { skuProblem } from '../domain/product-rules.ts'
import { chooseRepresentation } from './product-representations.ts'
import { adjustmentSchema, check, listingSchema, listSchema, priceSchema } from './request-schemas.ts'
import { answerWrite, type RunWrite } from './run-write.ts'

/** How the errors of products are answered. */
export const productProblems: ProblemMapping = {
  PRODUCT_NOT_FOUND: error => ({
    ...problem('product-not-found', 'Product not found', 404, error.message),
    sku: error.details.sku,
  }),
  NOT_ACCEPTABLE: error => ({
    ...problem('not-acceptable', 'Not acceptable', 406, error.message),
    mediaTypes: error.details.mediaTypes,
  }),
}

/** The REST face of products and their stock. Reads come in the caller's choice of media type, the rest in JSON. */
export function addProductResources(app: Express, catalog: CatalogRepository, run: RunWrite): void {
  addResource(app, '/products', {
    get: [
      async (request, response) => {
        const representation = chooseRepresentation(request, response)
        const { activeOnly = false, after, limit = 50 } = check(listSchema, request.query)
        const query = { activeOnly, limit, ...(after === undefined ? {} : { afterSku: after }) }
        representation.sendMany(await catalog.list(query))
      },
    ],
    post: [
      ...jsonBody,
      (request, response) => {
        const listing = check(listingSchema, request.body)
        return answerWrite(run, request, response, async (writer, at) => {
          const product = await createProduct(writer, listing, at)
          return { status: 201, headers: { location: `/products/${product.sku}` }, body: product }
        })
      },
    ],
  })
  addResource(app, '/products/:sku', {
    get: [
      async (request, response) => {
        const representation = chooseRepresentation(request, response)
        const sku = skuIn(request)
        const product = await catalog.find(sku)
        if (product === undefined) throw productNotFound(sku)
        representation.sendOne(product)
      },
    ],
  })
  addResource(app, '/products/:sku/price', {
    put: [
      ...jsonBody,
      async (request, response) => {
        const sku = skuIn(request)
        const { price } = check(priceSchema, request.body)
        response.json(await run(request, response, (writer, at) => changePrice(writer, sku, price, at)))
      },
    ],
  })
  addResource(app, '/products/:sku/stock-adjustments', {
    post: [
      ...jsonBody,
      (request, response) => {
        const sku = skuIn(request)
        const { delta } = check(adjustmentSchema, request.body)
        return answerWrite(run, request, response, async (writer, at) => ({
          status: 200,
          headers: {},
          body: await adjustStock(writer, sku, delta, at),
        }))
      },
    ],
  })
}

/** The database pads with spaces when it compares: only what may be a SKU is looked up. */
export function skuIn(request: Request): string {
  const sku = String(request.params.sku)
  if (skuProblem(sku) !== undefined) throw productNotFound(sku)
  return sku
}
