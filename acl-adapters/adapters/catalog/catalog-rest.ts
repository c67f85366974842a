import type { Json, JsonObject } from '../../src/codec/json.ts'
import type {
  RestAnswer,
  RestMapping,
  RestRequest,
  RestResource,
} from '../../src/rest-facade/rest-mapping.ts'
import type { SoapFault } from '../../src/soap/soap-fault.ts'
import { isXmlText } from '../../src/xml/xml-text.ts'
import { resourceOfProduct } from './product-forms.ts'
import { productQuery, productSchemas } from './product-schemas.ts'
import {
  inOrder,
  priceOf,
  productNotFoundProblem,
  productRules,
  type Rule,
  skuReason,
  type Violation,
  validationProblem,
  violationsIn,
} from './product-violations.ts'

type Input = ReturnType<RestResource['input']>

const { sku, name, price, stock, delta } = productRules

/** The resources of products over the monolith; their JSON answers are those of the catalog service. */
export const catalogRest: RestMapping = {
  name: 'catalog',
  bodyLimit: 65_536,
  schemas: productSchemas,
  problemOf,
  reads: ['GetProduct', 'ListProducts'],
  resources: [
    {
      method: 'GET',
      path: '/products',
      operation: 'ListProducts',
      summary: 'Products in the order of their SKUs',
      response: 'ProductList',
      success: 200,
      query: productQuery,
      input: listInput,
      answer: reply => ok({ items: (reply as { product: JsonObject[] }).product.map(resourceOfProduct) }),
    },
    {
      method: 'POST',
      path: '/products',
      operation: 'CreateProduct',
      summary: 'List a product for sale',
      request: 'Listing',
      response: 'Product',
      success: 201,
      input: ({ body }) =>
        checked(body, { sku, name, price, stock }, listing => ({ ...listing, price: exact(listing.price) })),
      answer: reply => {
        const product = productIn(reply)
        return { status: 201, headers: { location: `/products/${product.sku}` }, body: product }
      },
    },
    {
      method: 'GET',
      path: '/products/{sku}',
      operation: 'GetProduct',
      summary: 'One product',
      response: 'Product',
      success: 200,
      input: request => withSku(request, found => ({ input: { sku: found } })),
      answer: reply => ok(productIn(reply)),
    },
    {
      method: 'PUT',
      path: '/products/{sku}/price',
      operation: 'ChangePrice',
      summary: 'Set the price',
      request: 'Price',
      response: 'Product',
      success: 200,
      input: request =>
        withSku(request, found =>
          checked(request.body, { price }, body => ({ sku: found, price: exact(body.price) })),
        ),
      answer: reply => ok(productIn(reply)),
    },
    {
      method: 'POST',
      path: '/products/{sku}/stock-adjustments',
      operation: 'AdjustStock',
      summary: 'Add to the stock, or take from it with a negative delta',
      request: 'Adjustment',
      response: 'Product',
      success: 200,
      input: request =>
        withSku(request, found => checked(request.body, { delta }, body => ({ sku: found, ...body }))),
      answer: reply => ok(productIn(reply)),
    },
  ],
}

function ok(body: Json): RestAnswer {
  return { status: 200, body }
}

function productIn(reply: Json): JsonObject {
  return resourceOfProduct((reply as { product: JsonObject }).product)
}

/** A price that its rule has taken, as exact text. */
function exact(value: Json | undefined): string {
  return priceOf(value as string | number) as string
}

/** What can be no SKU is the SKU of no product. */
function withSku({ parameters }: RestRequest, make: (sku: string) => Input): Input {
  const given = parameters.sku ?? ''
  return skuReason(given) === undefined ? make(given) : { answer: { problem: productNotFoundProblem(given) } }
}

function checked(
  body: Json,
  rules: Readonly<Record<string, Rule>>,
  make: (body: JsonObject) => JsonObject,
): Input {
  const violations = violationsIn(body, rules)
  if (violations.length > 0) return { answer: { problem: validationProblem(violations) } }
  return { input: make(body as JsonObject) }
}

function listInput({ query }: RestRequest): Input {
  const violations: Violation[] = []
  for (const field of new Set(query.keys()))
    if (query.getAll(field).length > 1 || !isListValue(field, query.get(field)!))
      violations.push({ field, reason: 'INVALID' })
  if (violations.length > 0) return { answer: { problem: validationProblem(inOrder(violations)) } }
  const activeOnly = query.get('activeOnly')
  const after = query.get('after')
  const limit = query.get('limit')
  return {
    input: {
      ...(activeOnly === null ? {} : { activeOnly: activeOnly === 'true' }),
      ...(after === null ? {} : { afterSku: after }),
      ...(limit === null ? {} : { maxRows: Number(limit) }),
    },
  }
}

function isListValue(field: string, value: string): boolean {
  switch (field) {
    case 'activeOnly':
      return value === 'true' || value === 'false'
    case 'after':
      return isXmlText(value)
    case 'limit':
      return /^\d{1,16}$/.test(value) && Number(value) >= 1 && Number(value) <= 500
    default:
      return false
  }
}

function problemOf({ detail }: SoapFault) {
  if (detail.ProductNotFound !== undefined)
    return productNotFoundProblem((detail.ProductNotFound as { sku: string }).sku)
  if (detail.ValidationFault !== undefined)
    return validationProblem((detail.ValidationFault as { violation: Violation[] }).violation)
  return undefined
}
