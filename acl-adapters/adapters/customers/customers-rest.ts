import type { Json, JsonObject } from '../../src/codec/json.ts'
import { problem } from '../../src/rest-facade/problem-document.ts'
import type {
  RestAnswer,
  RestMapping,
  RestRequest,
  RestResource,
} from '../../src/rest-facade/rest-mapping.ts'
import type { SoapFault } from '../../src/soap/soap-fault.ts'
import { isXmlText } from '../../src/xml/xml-text.ts'
import { codeOfStatus, resourceOfCustomer, resourceOfNote } from './customer-forms.ts'
import { customerSchemas, listQuery } from './customer-schemas.ts'
import {
  amountOf,
  customerNotFoundProblem,
  customerRules,
  inOrder,
  optional,
  type Rule,
  type Violation,
  validationProblem,
  violationsIn,
} from './customer-violations.ts'

type Input = ReturnType<RestResource['input']>

const largestInt = 2_147_483_647
const { name, email, phone, creditLimit, text, vip } = customerRules
const status: Rule = value =>
  value === undefined || value === null
    ? 'REQUIRED'
    : codeOfStatus(value) === undefined
      ? 'INVALID'
      : undefined

const opening = { name, email, phone, creditLimit, vip: optional(vip) }
const revision = { name: optional(name), email, phone, vip: optional(vip) }

/** The resources of customers over the monolith; their answers are those of the customers service. */
export const customersRest: RestMapping = {
  name: 'customers',
  bodyLimit: 65_536,
  schemas: customerSchemas,
  problemOf,
  reads: ['FindCustomers', 'GetCustomer', 'ListCustomerNotes'],
  resources: [
    {
      method: 'GET',
      path: '/customers',
      operation: 'FindCustomers',
      summary: 'Customers in the order of their ids',
      response: 'CustomerList',
      success: 200,
      query: listQuery,
      input: searchInput,
      answer: reply => ok({ items: (reply as { customer: JsonObject[] }).customer.map(resourceOfCustomer) }),
    },
    {
      method: 'POST',
      path: '/customers',
      operation: 'CreateCustomer',
      summary: 'Open a customer',
      request: 'Opening',
      response: 'Customer',
      success: 201,
      input: ({ body }) => checked(body, opening, openingInput),
      answer: reply => {
        const customer = customerIn(reply)
        return { status: 201, headers: { location: `/customers/${customer.id}` }, body: customer }
      },
    },
    {
      method: 'GET',
      path: '/customers/{id}',
      operation: 'GetCustomer',
      summary: 'One customer',
      response: 'Customer',
      success: 200,
      input: request => withCustomer(request, custNo => ({ input: { custNo } })),
      answer: reply => ok(customerIn(reply)),
    },
    change(
      'PATCH',
      '',
      'UpdateCustomer',
      'Revision',
      'What is left out stays, null clears',
      revision,
      body => body,
    ),
    change(
      'PUT',
      '/credit-limit',
      'ChangeCreditLimit',
      'CreditLimit',
      'Set the credit limit',
      { creditLimit },
      body => ({ creditLimit: amountOf(body.creditLimit as string | number) as string }),
    ),
    change('PUT', '/status', 'SetCustomerStatus', 'Status', 'Set the status', { status }, body => ({
      statusCode: codeOfStatus(body.status)!,
    })),
    {
      method: 'GET',
      path: '/customers/{id}/notes',
      operation: 'ListCustomerNotes',
      summary: 'Notes of a customer in the order of their ids',
      response: 'NoteList',
      success: 200,
      input: request => withCustomer(request, custNo => ({ input: { custNo } })),
      answer: reply => ok({ items: (reply as { note: JsonObject[] }).note.map(resourceOfNote) }),
    },
    {
      method: 'POST',
      path: '/customers/{id}/notes',
      operation: 'AddCustomerNote',
      summary: 'Write a note',
      request: 'NewNote',
      response: 'Note',
      success: 201,
      input: request => changing(request, { text }, body => body),
      answer: reply => ({ status: 201, body: resourceOfNote((reply as { note: JsonObject }).note) }),
    },
  ],
}

function change(
  method: 'PATCH' | 'PUT',
  below: string,
  operation: string,
  request: string,
  summary: string,
  rules: Readonly<Record<string, Rule>>,
  changes: (body: JsonObject) => JsonObject,
): RestResource {
  return {
    method,
    path: `/customers/{id}${below}`,
    operation,
    summary,
    request,
    response: 'Customer',
    success: 200,
    input: rest => changing(rest, rules, changes),
    answer: reply => ok(customerIn(reply)),
  }
}

function ok(body: Json): RestAnswer {
  return { status: 200, body }
}

function customerIn(reply: Json): JsonObject {
  return resourceOfCustomer((reply as { customer: JsonObject }).customer)
}

/** A phone has no nil in CreateCustomer: null is as good as absent there. */
function openingInput(body: JsonObject): JsonObject {
  const { phone: number, ...rest } = body
  return {
    ...rest,
    ...(number === undefined || number === null ? {} : { phone: number }),
    creditLimit: amountOf(body.creditLimit as string | number) as string,
  }
}

/** A change of a customer: the body is checked before anyone asks whether the customer is there. */
function changing(
  request: RestRequest,
  rules: Readonly<Record<string, Rule>>,
  changes: (body: JsonObject) => JsonObject,
): Input {
  return withId(request, id => checked(request.body, rules, body => ({ custNo: id, ...changes(body) }), id))
}

function withCustomer(request: RestRequest, make: (custNo: number) => Input): Input {
  return withId(request, id =>
    id > largestInt ? { answer: { problem: customerNotFoundProblem(id) } } : make(id),
  )
}

/** Ids are plain decimal numbers; anything else is an address at which nothing is. */
function withId({ parameters, path }: RestRequest, make: (id: number) => Input): Input {
  const id = parameters.id ?? ''
  if (/^(0|[1-9]\d{0,14})$/.test(id)) return make(Number(id))
  return { answer: { problem: problem('not-found', 'Not found', 404, `nothing is at ${path}`) } }
}

function checked(
  body: Json,
  rules: Readonly<Record<string, Rule>>,
  make: (body: JsonObject) => JsonObject,
  id = 0,
): Input {
  const violations = violationsIn(body, rules)
  if (violations.length > 0) return { answer: { problem: validationProblem(violations) } }
  // No customer of the monolith has a number beyond xs:int.
  if (id > largestInt) return { answer: { problem: customerNotFoundProblem(id) } }
  return { input: make(body as JsonObject) }
}

function searchInput({ query }: RestRequest): Input {
  const violations: Violation[] = []
  const known = ['name', 'status', 'after', 'limit']
  for (const field of new Set(query.keys()))
    if (!known.includes(field) || query.getAll(field).length > 1 || !isSearchValue(field, query.get(field)!))
      violations.push({ field, reason: 'INVALID' })
  if (violations.length > 0) return { answer: { problem: validationProblem(inOrder(violations)) } }
  const prefix = query.get('name')
  // Names are XML text, so none begins with what XML cannot carry.
  if (prefix !== null && !isXmlText(prefix)) return { answer: ok({ items: [] }) }
  const after = query.get('after')
  const word = query.get('status')
  const limit = query.get('limit')
  return {
    input: {
      ...(prefix === null ? {} : { namePrefix: prefix }),
      ...(word === null ? {} : { statusCode: codeOfStatus(word)! }),
      ...(after === null ? {} : { afterNo: Math.min(Number(after), largestInt) }),
      ...(limit === null ? {} : { maxRows: Number(limit) }),
    },
  }
}

function isSearchValue(field: string, value: string): boolean {
  if (field === 'name') return true
  if (field === 'status') return codeOfStatus(value) !== undefined
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
  return field === 'limit' ? number >= 1 && number <= 500 : Number.isSafeInteger(number)
}

function problemOf({ detail }: SoapFault) {
  if (detail.CustomerNotFound !== undefined)
    return customerNotFoundProblem((detail.CustomerNotFound as { custNo: number }).custNo)
  if (detail.ValidationFault !== undefined)
    return validationProblem((detail.ValidationFault as { violation: Violation[] }).violation)
  return undefined
}
