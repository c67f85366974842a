import { z } from 'zod'
import { customerStatuses } from '../domain/customer.ts'
import {
  creditLimitSchema,
  creditReservationSchema,
  listSchema,
  noteSchema,
  openingSchema,
  revisionSchema,
  statusSchema,
} from './request-schemas.ts'

/** What the service answers; the tests hold real answers against these. */
export const customerSchema = z.strictObject({
  id: z.int().min(1),
  name: z.string(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  creditLimit: z.string().regex(/^\d{1,10}\.\d{2}$/),
  status: z.enum(customerStatuses),
  vip: z.boolean(),
  openedAt: z.iso.datetime({ precision: 0 }),
  reviewedOn: z.iso.date().nullable(),
  updatedAt: z.iso.datetime({ precision: 0 }),
})
export const noteAnswerSchema = z.strictObject({
  id: z.int().min(1),
  customerId: z.int().min(1),
  text: z.string(),
  writtenAt: z.iso.datetime({ precision: 0 }),
})
export const creditAnswerSchema = z.strictObject({
  orderId: z.string(),
  customerId: z.int().min(0),
  amount: z.string().regex(/^\d{1,10}\.\d{2}$/),
  status: z.enum(['reserved', 'released']),
  refusal: z.null(),
  updatedAt: z.iso.datetime({ precision: 0 }),
})
export const problemSchema = z.looseObject({
  type: z.string().regex(/^urn:problem:/),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  customerId: z.int().optional(),
  violations: z
    .array(
      z.strictObject({ field: z.string(), reason: z.enum(['REQUIRED', 'TOO_LONG', 'INVALID', 'NEGATIVE']) }),
    )
    .optional(),
})

const component = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const json = (schema: unknown) => ({ 'application/json': { schema } })
const answer = (description: string, name: string) => ({ description, content: json(component(name)) })
const items = (name: string) => ({
  description: 'In the order of their ids',
  content: json({
    type: 'object',
    required: ['items'],
    additionalProperties: false,
    properties: { items: { type: 'array', items: component(name) } },
  }),
})
const refused = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: component('Problem') } },
})
const body = (name: string) => ({ required: true, content: json(component(name)) })

const anyRead = { '503': refused('The database is away; try again after Retry-After seconds') }
const anyWrite = {
  '400': refused('Not JSON, no body, or an unusable Idempotency-Key'),
  '413': refused('Body over 64 KiB'),
  '415': refused('Body is not application/json'),
  '422': refused('Validation failed, or an Idempotency-Key that came with another request'),
  '503': refused('Writes are accepted on the other side, or the database is away; see Retry-After'),
}
const notFound = { '404': refused('No such customer') }

const rehearsalHeader = {
  name: 'Strangler-Rehearsal',
  in: 'header',
  description: '1 runs the write, answers as usual with `Strangler-Rehearsal: done`, and keeps nothing of it',
  schema: { type: 'string', enum: ['1'] },
}
const keyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'A repetition with the same key is answered as the first one was, for 7 days',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
}
const id = { name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 0 } }
const orderId = { name: 'orderId', in: 'path', required: true, schema: { type: 'string', maxLength: 64 } }

const change = (operationId: string, summary: string, requestBody: unknown) => ({
  operationId,
  summary,
  parameters: [rehearsalHeader],
  requestBody,
  responses: { '200': answer('The customer as it is now', 'Customer'), ...notFound, ...anyWrite },
})

/** OpenAPI 3.1. Schemas of requests are those that requests are checked with. */
export const openApiDocument = {
  openapi: '3.1.1',
  info: { title: 'Customers', version: '1.0.0' },
  paths: {
    '/customers': {
      get: {
        operationId: 'listCustomers',
        summary: 'Customers in the order of their ids',
        parameters: queryParameters(),
        responses: { '200': items('Customer'), '422': refused('Validation failed'), ...anyRead },
      },
      post: {
        operationId: 'createCustomer',
        summary: 'Open a customer',
        parameters: [keyHeader, rehearsalHeader],
        requestBody: body('Opening'),
        responses: {
          '201': {
            ...answer('The new customer', 'Customer'),
            headers: { Location: { schema: { type: 'string' } } },
          },
          ...anyWrite,
        },
      },
    },
    '/customers/{id}': {
      parameters: [id],
      get: {
        operationId: 'getCustomer',
        summary: 'One customer',
        responses: { '200': answer('The customer', 'Customer'), ...notFound, ...anyRead },
      },
      patch: change('reviseCustomer', 'What is left out stays, null clears', body('Revision')),
    },
    '/customers/{id}/credit-limit': {
      parameters: [id],
      put: change('changeCreditLimit', 'Set the credit limit', body('CreditLimit')),
    },
    '/customers/{id}/status': {
      parameters: [id],
      put: change('setCustomerStatus', 'Set the status', body('Status')),
    },
    '/customers/{id}/notes': {
      parameters: [id],
      get: {
        operationId: 'listCustomerNotes',
        summary: 'Notes of a customer in the order of their ids',
        responses: { '200': items('Note'), ...notFound, ...anyRead },
      },
      post: {
        operationId: 'addCustomerNote',
        summary: 'Write a note',
        parameters: [keyHeader, rehearsalHeader],
        requestBody: body('NewNote'),
        responses: { '201': answer('The note', 'Note'), ...notFound, ...anyWrite },
      },
    },
    '/customers/{id}/credit-reservations': {
      parameters: [id],
      post: {
        operationId: 'reserveCredit',
        summary: 'Reserve credit for an order, once for each order',
        parameters: [rehearsalHeader],
        requestBody: body('NewCreditReservation'),
        responses: {
          '200': answer('What was reserved before', 'CreditReservation'),
          '201': answer('The reservation', 'CreditReservation'),
          '409': refused('Over the limit, an inactive customer, or an order that was released or differs'),
          ...notFound,
          ...anyWrite,
        },
      },
    },
    '/customers/{id}/credit-reservations/{orderId}': {
      parameters: [id, orderId],
      get: {
        operationId: 'getCreditReservation',
        summary: 'The credit of an order',
        responses: { '200': answer('The reservation', 'CreditReservation'), ...notFound, ...anyRead },
      },
      delete: {
        operationId: 'releaseCredit',
        summary: 'Give back the credit of an order, or see to it that it never gets any',
        parameters: [rehearsalHeader],
        responses: {
          '200': answer('The released reservation', 'CreditReservation'),
          '409': refused('The order has credit of another customer'),
          ...anyRead,
        },
      },
    },
  },
  components: {
    schemas: {
      CreditReservation: jsonSchemaOf(creditAnswerSchema),
      NewCreditReservation: jsonSchemaOf(creditReservationSchema),
      Customer: jsonSchemaOf(customerSchema),
      Note: jsonSchemaOf(noteAnswerSchema),
      Problem: jsonSchemaOf(problemSchema),
      Opening: jsonSchemaOf(openingSchema),
      Revision: jsonSchemaOf(revisionSchema),
      CreditLimit: jsonSchemaOf(creditLimitSchema),
      Status: jsonSchemaOf(statusSchema),
      NewNote: jsonSchemaOf(noteSchema),
    },
  },
}

function queryParameters(): unknown[] {
  return Object.entries(listSchema.shape).map(([name, schema]) => ({
    name,
    in: 'query',
    schema: jsonSchemaOf(schema),
  }))
}

/** OpenAPI 3.1 speaks JSON Schema 2020-12, which is what zod writes. */
function jsonSchemaOf(schema: z.ZodType): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return rest
}
