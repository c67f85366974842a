import type { Json, JsonObject } from '../../src/codec/json.ts'
import type { ProblemDocument } from '../../src/rest-facade/problem-document.ts'
import type { InvalidMessage, RestCall, SoapMapping, TypedFault } from '../../src/soap-facade/soap-mapping.ts'
import { customerOfResource, noteOfResource, type StatusCode, statusWords } from './customer-forms.ts'
import { type Violation, violationSummary } from './customer-violations.ts'

const customerReply = (body: Json) => ({ customer: customerOfResource(body as JsonObject) })
const at = (input: JsonObject, below = '') => `/customers/${input.custNo}${below}`

/** SOAP over the customers service: each operation as one call of its resources. */
export const customersSoap: SoapMapping = {
  name: 'customers',
  childOrder: 'any',
  operations: {
    GetCustomer: { call: input => ({ method: 'GET', path: at(input) }), reply: customerReply },
    FindCustomers: {
      call: input => ({ method: 'GET', path: `/customers${searchOf(input)}` }),
      reply: body => ({ customer: itemsOf(body).map(customerOfResource) }),
    },
    CreateCustomer: {
      call: input => write('POST', '/customers', { ...input, creditLimit: unsigned(input.creditLimit) }),
      reply: customerReply,
    },
    UpdateCustomer: {
      call: input => {
        const { custNo, ...changes } = input
        return write('PATCH', at(input), changes)
      },
      reply: customerReply,
    },
    ChangeCreditLimit: {
      call: input => write('PUT', at(input, '/credit-limit'), { creditLimit: unsigned(input.creditLimit) }),
      reply: customerReply,
    },
    SetCustomerStatus: {
      call: input =>
        write('PUT', at(input, '/status'), { status: statusWords[input.statusCode as StatusCode] }),
      reply: customerReply,
    },
    AddCustomerNote: {
      call: input => write('POST', at(input, '/notes'), { text: input.text! }),
      reply: body => ({ note: noteOfResource(body as JsonObject) }),
    },
    ListCustomerNotes: {
      call: input => ({ method: 'GET', path: at(input, '/notes') }),
      reply: body => ({ note: itemsOf(body).map(noteOfResource) }),
    },
  },
  faultOf,
  faultOfInvalid,
}

function write(method: RestCall['method'], path: string, body: JsonObject): RestCall {
  return { method, path, body }
}

/** xs:decimal allows a plus sign, the resource does not. */
function unsigned(decimal: Json | undefined): string {
  return String(decimal).replace(/^\+/, '')
}

/** The lowest number is no bound, since all are above 0; the resource takes none below it. */
function searchOf({ namePrefix, statusCode, afterNo, maxRows }: JsonObject): string {
  const query = new URLSearchParams()
  if (typeof namePrefix === 'string' && namePrefix !== '') query.set('name', namePrefix)
  if (statusCode !== undefined) query.set('status', statusWords[statusCode as StatusCode])
  if (typeof afterNo === 'number' && afterNo > 0) query.set('after', String(afterNo))
  if (maxRows !== undefined) query.set('limit', String(maxRows))
  return query.size === 0 ? '' : `?${query}`
}

function itemsOf(body: Json): JsonObject[] {
  return (body as { items: JsonObject[] }).items
}

/** A resource below a customer that is not there is the customer that is not there, whatever its number. */
function faultOf(problem: ProblemDocument, input: JsonObject): TypedFault | undefined {
  if (problem.status === 404 && typeof input.custNo === 'number')
    return {
      name: 'CustomerNotFound',
      reason: `customer ${input.custNo} not found`,
      detail: { custNo: input.custNo },
    }
  return problem.type === 'urn:problem:validation'
    ? validationFault(problem.violations as Violation[])
    : undefined
}

const violable: Readonly<Record<string, readonly string[]>> = {
  CreateCustomer: ['name', 'email', 'phone', 'creditLimit'],
  UpdateCustomer: ['name', 'email', 'phone'],
  ChangeCreditLimit: ['creditLimit'],
  AddCustomerNote: ['text'],
}
const mandatory = ['name', 'creditLimit', 'text']

/** The monolith answers a missing or unusable field of a write with its ValidationFault, so this does too. */
function faultOfInvalid(operation: string, invalid: InvalidMessage): TypedFault | undefined {
  const { path, expected, unexpected, content } = invalid
  const fields = violable[operation] ?? []
  const wrong = fields.find(field => path === `/${field}`)
  if (wrong !== undefined && content !== 'nil')
    return validationFault([{ field: wrong, reason: content === 'empty' ? 'REQUIRED' : 'INVALID' }])
  if (path !== '' || unexpected !== undefined) return undefined
  const missing = mandatory.filter(field => fields.includes(field) && expected.includes(field))
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
