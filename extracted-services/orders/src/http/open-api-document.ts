import {
  answer,
  anyRead,
  anyWrite,
  body,
  inPath,
  items,
  jsonSchemaOf,
  keyHeader,
  location,
  problemForm,
  queryParameters,
  refused,
  rehearsalHeader,
} from '@strangler/chassis/http/open-api-forms.ts'
import { z } from 'zod'
import { historySchema, placeSchema } from './request-schemas.ts'

const preciseInstant = z.iso.datetime({ precision: 3 })
const amount = z.string().regex(/^\d+\.\d{2}$/)
const line = z.strictObject({ sku: z.string(), quantity: z.int().min(1), unitPrice: amount.optional() })
const reason = z.strictObject({ code: z.string(), details: z.record(z.string(), z.unknown()).optional() })
const status = z.enum(['PENDING', 'CONFIRMED', 'CANCELING', 'CANCELED'])

/** What the service answers; the tests hold real answers against these. */
export const orderSchema = z.strictObject({
  id: z.uuid(),
  status,
  customerId: z.int().min(0),
  lines: z.array(line),
  total: amount.nullable(),
  reason: reason.nullable(),
  placedAt: preciseInstant,
  updatedAt: preciseInstant,
  version: z.int().min(1),
})
export const auditEntrySchema = z.strictObject({
  version: z.int().min(1),
  eventId: z.uuid(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  at: z.iso.datetime(),
  actor: z.string(),
  traceparent: z.string().nullable(),
})
export const historyEntrySchema = z.strictObject({
  orderId: z.uuid(),
  version: z.int().min(1),
  customerId: z.int().min(0),
  status,
  reason: z.string().nullable(),
  lines: z.array(line),
  total: amount.nullable(),
  credit: z.enum(['reserved', 'refused', 'released']).nullable(),
  stock: z.enum(['reserved', 'refused', 'released']).nullable(),
  placedAt: z.iso.datetime(),
})
export const problemSchema = problemForm({})

const id = inPath('id', { type: 'string', format: 'uuid' })
const noOrder = { '404': refused('No such order') }
const historyToken = {
  headers: {
    'Order-History-Token': {
      description: 'GET /order-history?after= finds what was done here',
      schema: { type: 'string' },
    },
  },
}
const preferHeader = {
  name: 'Prefer',
  in: 'header',
  description: '`wait=N`: answer once the order is decided, within N seconds (10 at most)',
  schema: { type: 'string' },
}

/** OpenAPI 3.1. Schemas of requests are those that requests are checked with. */
export const openApiDocument = {
  openapi: '3.1.1',
  info: { title: 'Orders', version: '1.0.0' },
  paths: {
    '/orders': {
      post: {
        operationId: 'placeOrder',
        summary: 'Place an order; it is decided a moment later',
        parameters: [keyHeader, rehearsalHeader, preferHeader],
        requestBody: body('NewOrder'),
        responses: {
          '201': { ...answer('The order, decided', 'Order'), ...historyToken },
          '202': {
            ...answer('The order, not decided yet', 'Order'),
            headers: { ...historyToken.headers, ...location.headers },
          },
          ...anyWrite,
        },
      },
    },
    '/orders/{id}': {
      parameters: [id],
      get: {
        operationId: 'getOrder',
        summary: 'One order',
        responses: { '200': answer('The order', 'Order'), ...noOrder, ...anyRead },
      },
    },
    '/orders/{id}/cancel': {
      parameters: [id],
      post: {
        operationId: 'cancelOrder',
        summary: 'Cancel a confirmed order: its stock and credit come back',
        parameters: [rehearsalHeader],
        responses: {
          '200': { ...answer('The order is canceled', 'Order'), ...historyToken },
          '202': { ...answer('The order is being canceled', 'Order'), ...historyToken },
          ...noOrder,
          '409': refused('The order is not decided yet; see Retry-After'),
          ...anyRead,
        },
      },
    },
    '/orders/{id}/audit': {
      parameters: [id],
      get: {
        operationId: 'auditOrder',
        summary: 'What happened to the order: when, in which trace, caused by whom',
        responses: { '200': items('As it happened', 'AuditEntry'), ...noOrder, ...anyRead },
      },
    },
    '/order-history': {
      get: {
        operationId: 'listOrderHistory',
        summary: 'A customer’s orders as orders, customers and catalog tell them, latest first',
        parameters: queryParameters(historySchema),
        responses: {
          '200': items('Latest first', 'HistoryEntry'),
          '422': refused('Validation failed'),
          '503': refused('The history has not come as far as `after` asks, or the database is away'),
        },
      },
    },
  },
  components: {
    schemas: {
      Order: jsonSchemaOf(orderSchema),
      AuditEntry: jsonSchemaOf(auditEntrySchema),
      HistoryEntry: jsonSchemaOf(historyEntrySchema),
      Problem: jsonSchemaOf(problemSchema),
      NewOrder: jsonSchemaOf(placeSchema),
    },
  },
}
