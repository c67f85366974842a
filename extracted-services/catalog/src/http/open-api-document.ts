import {
  answer,
  anyRead,
  anyWrite,
  auditTrailForm,
  body,
  component,
  fenced,
  inPath,
  instant,
  jsonSchemaOf,
  keyHeader,
  location,
  problemForm,
  queryParameters,
  refused,
  rehearsalHeader,
} from '@strangler/chassis/http/open-api-forms.ts'
import { z } from 'zod'
import { productMediaTypes } from './product-representations.ts'
import {
  adjustmentSchema,
  listingSchema,
  listSchema,
  priceSchema,
  reservationSchema,
} from './request-schemas.ts'

const line = z.strictObject({ sku: z.string(), quantity: z.int().min(1) })
const shortage = z.strictObject({
  sku: z.string(),
  requested: z.int().min(1),
  available: z.int(),
  reason: z.enum(['OUT_OF_STOCK', 'NOT_FOR_SALE']),
})

/** What the service answers; the tests hold real answers against these. */
export const productSchema = z.strictObject({
  sku: z.string(),
  name: z.string(),
  price: z.string().regex(/^\d{1,6}\.\d{2}$/),
  stock: z.int(),
  active: z.boolean(),
  updatedAt: instant,
})
export const reservationAnswerSchema = z.strictObject({
  orderId: z.string(),
  status: z.enum(['reserved', 'refused', 'committed', 'released']),
  lines: z.array(line),
  shortages: z.array(shortage),
  updatedAt: instant,
})
export const problemSchema = problemForm({
  sku: z.string().optional(),
  orderId: z.string().optional(),
  mediaTypes: z.array(z.string()).optional(),
  shortages: z.array(shortage).optional(),
})

const negotiated = (description: string, name: string) => ({
  description,
  content: Object.fromEntries(
    productMediaTypes.map(mediaType => [
      mediaType,
      mediaType === 'application/x-protobuf'
        ? { schema: { type: 'string', format: 'binary', description: `shop.catalog.v1.${name}` } }
        : { schema: component(name) },
    ]),
  ),
})
const anyProductRead = { '406': refused('None of the media types in Accept'), ...anyRead }
const noProduct = { '404': refused('No such product') }
const noReservation = { '404': refused('No such reservation') }
const conflict = { '409': refused('What the order has reserved, committed or released stands against it') }

/** OpenAPI 3.1. Schemas of requests are those that requests are checked with. */
export const openApiDocument = {
  openapi: '3.1.1',
  info: { title: 'Catalog', version: '1.0.0' },
  paths: {
    '/products': {
      get: {
        operationId: 'listProducts',
        summary: 'Products in the order of their SKUs',
        parameters: queryParameters(listSchema),
        responses: {
          '200': negotiated('In the order of their SKUs', 'ProductList'),
          '422': refused('Validation failed'),
          ...anyProductRead,
        },
      },
      post: {
        operationId: 'createProduct',
        summary: 'List a product for sale',
        parameters: [keyHeader, rehearsalHeader],
        requestBody: body('Listing'),
        responses: { '201': { ...answer('The new product', 'Product'), ...location }, ...anyWrite },
      },
    },
    '/products/{sku}': {
      parameters: [inPath('sku')],
      get: {
        operationId: 'getProduct',
        summary: 'One product',
        responses: { '200': negotiated('The product', 'Product'), ...noProduct, ...anyProductRead },
      },
    },
    '/products/{sku}/price': {
      parameters: [inPath('sku')],
      put: {
        operationId: 'changePrice',
        summary: 'Set the price',
        parameters: [rehearsalHeader],
        requestBody: body('Price'),
        responses: { '200': answer('The product as it is now', 'Product'), ...noProduct, ...anyWrite },
      },
    },
    '/products/{sku}/stock-adjustments': {
      parameters: [inPath('sku')],
      post: {
        operationId: 'adjustStock',
        summary: 'Add to the stock, or take from it with a negative delta',
        parameters: [keyHeader, rehearsalHeader],
        requestBody: body('Adjustment'),
        responses: { '200': answer('The product as it is now', 'Product'), ...noProduct, ...anyWrite },
      },
    },
    '/products/{sku}/audit': {
      parameters: [inPath('sku')],
      get: {
        operationId: 'auditProduct',
        summary: 'What was done to the product, and whether the record is as it was written',
        responses: { '200': answer('As it happened', 'AuditTrail'), ...noProduct, ...anyRead },
      },
    },
    '/reservations': {
      post: {
        operationId: 'reserveStock',
        summary: 'Take stock for an order: all lines, or none',
        parameters: [rehearsalHeader],
        requestBody: body('NewReservation'),
        responses: {
          '200': answer('The reservation that the order already had', 'Reservation'),
          '201': { ...answer('The new reservation', 'Reservation'), ...location },
          ...conflict,
          ...anyWrite,
        },
      },
    },
    '/reservations/{orderId}': {
      parameters: [inPath('orderId')],
      get: {
        operationId: 'getReservation',
        summary: 'What became of an order’s wish for stock',
        responses: {
          '200': answer('The reservation', 'Reservation'),
          ...noReservation,
          ...anyRead,
        },
      },
      delete: {
        operationId: 'releaseStock',
        summary: 'Give an order’s stock back; an order that has none never gets any afterwards',
        parameters: [rehearsalHeader],
        responses: { '200': answer('The reservation as it is now', 'Reservation'), ...conflict, ...fenced },
      },
    },
    '/reservations/{orderId}/commit': {
      parameters: [inPath('orderId')],
      post: {
        operationId: 'commitStock',
        summary: 'Make a reservation final',
        parameters: [rehearsalHeader],
        responses: {
          '200': answer('The reservation as it is now', 'Reservation'),
          ...noReservation,
          ...conflict,
          ...fenced,
        },
      },
    },
  },
  components: {
    schemas: {
      AuditTrail: jsonSchemaOf(auditTrailForm),
      Product: jsonSchemaOf(productSchema),
      ProductList: jsonSchemaOf(z.strictObject({ items: z.array(productSchema) })),
      Reservation: jsonSchemaOf(reservationAnswerSchema),
      Problem: jsonSchemaOf(problemSchema),
      Listing: jsonSchemaOf(listingSchema),
      Price: jsonSchemaOf(priceSchema),
      Adjustment: jsonSchemaOf(adjustmentSchema),
      NewReservation: jsonSchemaOf(reservationSchema),
    },
  },
}
