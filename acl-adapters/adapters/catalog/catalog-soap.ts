import type { Json, JsonObject } from '../../src/codec/json.ts'
import type { ProblemDocument } from '../../src/rest-facade/problem-document.ts'
import type { InvalidMessage, SoapMapping, TypedFault } from '../../src/soap-facade/soap-mapping.ts'
import { productOfResource } from './product-forms.ts'
import { type Violation, violationSummary } from './product-violations.ts'

const productReply = (body: Json) => ({ product: productOfResource(body as JsonObject) })
const at = (input: JsonObject, below = '') => `/products/${encodeURIComponent(String(input.sku))}${below}`

/** SOAP over the catalog service: each operation as one call of its resources. */
export const catalogSoap: SoapMapping = {
  name: 'catalog',
  // The monolith goes by the names of a request's children, not by their order.
  childOrder: 'any',
  operations: {
    GetProduct: { call: input => ({ method: 'GET', path: at(input) }), reply: productReply },
    ListProducts: {
      call: input => ({ method: 'GET', path: `/products${listOf(input)}` }),
      reply: body => ({ product: (body as { items: JsonObject[] }).items.map(productOfResource) }),
    },
    CreateProduct: {
      call: input => ({
        method: 'POST',
        path: '/products',
        body: { ...input, price: unsigned(input.price) },
      }),
      reply: productReply,
    },
    ChangePrice: {
      call: input => ({ method: 'PUT', path: at(input, '/price'), body: { price: unsigned(input.price) } }),
      reply: productReply,
    },
    AdjustStock: {
      call: input => ({
        method: 'POST',
        path: at(input, '/stock-adjustments'),
        body: { delta: input.delta! },
      }),
      reply: productReply,
    },
  },
  faultOf,
  faultOfInvalid,
}

/** xs:decimal allows a plus sign, the resource does not. */
function unsigned(decimal: Json | undefined): string {
  return String(decimal).replace(/^\+/, '')
}

function listOf({ activeOnly, afterSku, maxRows }: JsonObject): string {
  const query = new URLSearchParams()
  if (activeOnly !== undefined) query.set('activeOnly', String(activeOnly))
  if (afterSku !== undefined) query.set('after', String(afterSku))
  if (maxRows !== undefined) query.set('limit', String(maxRows))
  return query.size === 0 ? '' : `?${query}`
}

/** An address below /products at which nothing is, is that of a product that is not there, whatever its SKU. */
function faultOf(problem: ProblemDocument, input: JsonObject): TypedFault | undefined {
  if (problem.status === 404 && typeof input.sku === 'string')
    return {
      name: 'ProductNotFound',
      reason: `product ${input.sku} not found`,
      detail: { sku: input.sku },
    }
  return problem.type === 'urn:problem:validation'
    ? validationFault(problem.violations as Violation[])
    : undefined
}

/** Fields, in the order of the WSDL, that the monolith checks itself: its own fault names them. */
const violable: Readonly<Record<string, readonly string[]>> = {
  CreateProduct: ['sku', 'name', 'price'],
  ChangePrice: ['price'],
}

/** The monolith answers a missing or unusable field of a write with its ValidationFault, so this does too. */
function faultOfInvalid(operation: string, invalid: InvalidMessage): TypedFault | undefined {
  const { path, expected, unexpected, content } = invalid
  const fields = violable[operation] ?? []
  const wrong = fields.find(field => path === `/${field}`)
  if (wrong !== undefined && content !== 'nil')
    return validationFault([{ field: wrong, reason: content === 'empty' ? 'REQUIRED' : 'INVALID' }])
  if (path !== '' || unexpected !== undefined) return undefined
  const missing = fields.filter(field => expected.includes(field))
  return missing.length === 0 || missing.length < expected.length
    ? undefined
    : validationFault(missing.map(field => ({ field, reason: 'REQUIRED' })))
}

function validationFault(violations: readonly Violation[]): TypedFault {
  return {
    name: 'ValidationFault',
    reason: `validation failed: ${violationSummary(violations)}`,
    detail: { violation: violations.map(({ field, reason }) => ({ field, reason })) },
  }
}
