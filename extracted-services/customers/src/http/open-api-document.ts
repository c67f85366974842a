import {
  answer,
  anyRead,
  anyWrite,
  auditTrailForm,
  body,
  inPath,
  instant,
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
import { currency, customerStatuses } from '../domain/customer.ts'
import {
  creditLimitSchema,
  creditLimitV2Schema,
  creditReservationSchema,
  listSchema,
  noteSchema,
  openingSchema,
  openingV2Schema,
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
  openedAt: instant,
  reviewedOn: z.iso.date().nullable(),
  updatedAt: instant,
})
/** Version 2: money says what it is of. */
export const customerV2Schema = customerSchema.extend({
  creditLimit: z.strictObject({ amount: customerSchema.shape.creditLimit, currency: z.literal(currency) }),
})
export const noteAnswerSchema = z.strictObject({
  id: z.int().min(1),
  customerId: z.int().min(1),
  text: z.string(),
  writtenAt: instant,
})
export const creditAnswerSchema = z.strictObject({
  orderId: z.string(),
  customerId: z.int().min(0),
  amount: z.string().regex(/^\d{1,10}\.\d{2}$/),
  status: z.enum(['reserved', 'released']),
  refusal: z.null(),
  updatedAt: instant,
})
export const problemSchema = problemForm({ customerId: z.int().optional() })

const notFound = { '404': refused('No such customer') }

const id = inPath('id', { type: 'integer', minimum: 0 })
const orderId = inPath('orderId', { type: 'string', maxLength: 64 })
const inOrder = 'In the order of their ids'

const change = (operationId: string, summary: string, requestBody: unknown) => ({
  operationId,
  summary,
  parameters: [rehearsalHeader],
  requestBody,
  responses: { '200': answer('The customer as it is now', 'Customer'), ...notFound, ...anyWrite },
})

/** What every version has, at its own address. */
const customerPaths = {
  '/customers': {
    get: {
      operationId: 'listCustomers',
      summary: 'Customers in the order of their ids',
      parameters: queryParameters(listSchema),
      responses: { '200': items(inOrder, 'Customer'), '422': refused('Validation failed'), ...anyRead },
    },
    post: {
      operationId: 'createCustomer',
      summary: 'Open a customer',
      parameters: [keyHeader, rehearsalHeader],
      requestBody: body('Opening'),
      responses: {
        '201': { ...answer('The new customer', 'Customer'), ...location },
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
      responses: { '200': items(inOrder, 'Note'), ...notFound, ...anyRead },
    },
    post: {
      operationId: 'addCustomerNote',
      summary: 'Write a note',
      parameters: [keyHeader, rehearsalHeader],
      requestBody: body('NewNote'),
      responses: { '201': answer('The note', 'Note'), ...notFound, ...anyWrite },
    },
  },
}

const auditPaths = {
  '/customers/{id}/audit': {
    parameters: [id],
    get: {
      operationId: 'auditCustomer',
      summary:
        'What was done to the customer through this service, and whether the record is as it was written',
      responses: { '200': answer('As it happened', 'AuditTrail'), ...notFound, ...anyRead },
    },
  },
}

const creditPaths = {
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
}

const shared = {
  AuditTrail: jsonSchemaOf(auditTrailForm),
  CreditReservation: jsonSchemaOf(creditAnswerSchema),
  NewCreditReservation: jsonSchemaOf(creditReservationSchema),
  Note: jsonSchemaOf(noteAnswerSchema),
  Problem: jsonSchemaOf(problemSchema),
  Revision: jsonSchemaOf(revisionSchema),
  Status: jsonSchemaOf(statusSchema),
  NewNote: jsonSchemaOf(noteSchema),
}

/** OpenAPI 3.1. Schemas of requests are those that requests are checked with. */
export const openApiDocument = {
  openapi: '3.1.1',
  info: {
    title: 'Customers',
    version: '1.0.0',
    description: 'Deprecated: see /v2/openapi.json. At /v1 too.',
  },
  paths: { ...deprecated(customerPaths), ...auditPaths, ...creditPaths },
  components: {
    schemas: {
      ...shared,
      Customer: jsonSchemaOf(customerSchema),
      Opening: jsonSchemaOf(openingSchema),
      CreditLimit: jsonSchemaOf(creditLimitSchema),
    },
  },
}

const { AuditTrail, CreditReservation, NewCreditReservation, ...ofCustomers } = shared

/** Version 2, in which an amount says what it is of. */
export const openApiV2Document = {
  openapi: '3.1.1',
  info: { title: 'Customers', version: '2.0.0' },
  paths: Object.fromEntries(Object.entries(customerPaths).map(([path, item]) => [`/v2${path}`, item])),
  components: {
    schemas: {
      ...ofCustomers,
      Customer: jsonSchemaOf(customerV2Schema),
      Opening: jsonSchemaOf(openingV2Schema),
      CreditLimit: jsonSchemaOf(creditLimitV2Schema),
    },
  },
}

function deprecated<Paths extends Record<string, object>>(paths: Paths): Paths {
  const marked = Object.entries(paths).map(([path, item]) => [
    path,
    Object.fromEntries(
      Object.entries(item).map(([name, part]) => [
        name,
        name === 'parameters' ? part : { ...(part as object), deprecated: true },
      ]),
    ),
  ])
  return Object.fromEntries(marked) as Paths
}
