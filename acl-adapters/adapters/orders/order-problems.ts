import { isJsonObject, type Json, type JsonObject } from '../../src/codec/json.ts'
import { type ProblemDocument, problem } from '../../src/rest-facade/problem-document.ts'
import type { SoapFault } from '../../src/soap/soap-fault.ts'
import { orderIdOf } from './order-forms.ts'

export type Violation = { field: string; reason: 'REQUIRED' | 'TOO_LONG' | 'INVALID' }

const largestCustomer = 999_999_999_999_999
const known = ['customerId', 'lines']
const knownInLine = ['sku', 'quantity']

/** What is wrong with a request to place an order, in the words of the service. */
export function placingViolations(body: Json): Violation[] {
  if (!isJsonObject(body)) return [{ field: 'body', reason: 'INVALID' }]
  return [
    ...whole('customerId', body.customerId, 0, largestCustomer),
    ...lineViolations(body.lines),
    ...unknownIn(body, known, ''),
  ]
}

function lineViolations(lines: Json | undefined): Violation[] {
  if (lines === undefined || lines === null) return [{ field: 'lines', reason: 'REQUIRED' }]
  if (!Array.isArray(lines)) return [{ field: 'lines', reason: 'INVALID' }]
  if (lines.length === 0) return [{ field: 'lines', reason: 'REQUIRED' }]
  const tooMany: Violation[] = lines.length > 100 ? [{ field: 'lines', reason: 'TOO_LONG' }] : []
  const single = lines.flatMap((line, index): Violation[] => {
    const field = `lines[${index}]`
    if (!isJsonObject(line)) return [{ field, reason: 'INVALID' }]
    return [
      ...skuViolations(`${field}.sku`, line.sku),
      ...whole(`${field}.quantity`, line.quantity, 1, 9_999),
      ...unknownIn(line, knownInLine, `${field}.`),
    ]
  })
  return [...tooMany, ...single]
}

function skuViolations(field: string, sku: Json | undefined): Violation[] {
  if (sku === undefined || sku === null) return [{ field, reason: 'REQUIRED' }]
  const isSku = typeof sku === 'string' && sku.length <= 20 && /^[A-Z0-9][A-Z0-9-]*$/.test(sku)
  return isSku ? [] : [{ field, reason: 'INVALID' }]
}

function whole(field: string, value: Json | undefined, min: number, max: number): Violation[] {
  if (value === undefined || value === null) return [{ field, reason: 'REQUIRED' }]
  const isWhole = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
  return isWhole ? [] : [{ field, reason: 'INVALID' }]
}

function unknownIn(object: JsonObject, keys: readonly string[], before: string): Violation[] {
  return Object.keys(object)
    .filter(key => !keys.includes(key))
    .map(key => ({ field: before + key, reason: 'INVALID' }))
}

export function validationProblem(violations: readonly Violation[]): ProblemDocument {
  const summary = violations.map(({ field, reason }) => `${field} ${reason}`).join(', ')
  return { ...problem('validation', 'Validation failed', 422, summary), violations }
}

export function orderNotFoundProblem(id: string): ProblemDocument {
  return problem('order-not-found', 'Order not found', 404, `order ${id.slice(0, 64)} not found`)
}

/** An order that the monolith did not take. `code` is that with which the service cancels such an order. */
export function refusedProblem(code: string, details: JsonObject, detail: string): ProblemDocument {
  return { ...problem('order-refused', 'Order refused', 422, detail), reason: { code, details } }
}

/** The monolith's faults in the words of the service. */
export function orderProblemOf({ detail }: SoapFault): ProblemDocument | undefined {
  const { OrderNotFound, CustomerNotFound, CreditExceeded, OutOfStock, ValidationFault } = detail as Record<
    string,
    JsonObject | undefined
  >
  if (OrderNotFound !== undefined) return orderNotFoundProblem(orderIdOf(OrderNotFound.orderNo as number))
  if (CustomerNotFound !== undefined) return customerNotFound(CustomerNotFound.custNo as number)
  if (CreditExceeded !== undefined) {
    const { limit, open, requested } = CreditExceeded
    const details = { limit: limit!, reserved: open!, requested: requested! }
    return refusedProblem('CREDIT_EXCEEDED', details, `the credit limit is ${limit}`)
  }
  if (OutOfStock !== undefined) {
    const { sku, available, requested } = OutOfStock
    const shortage = { sku: sku!, requested: requested!, available: available!, reason: 'OUT_OF_STOCK' }
    return refusedProblem('OUT_OF_STOCK', { shortages: [shortage] }, `${available} of ${sku} are in stock`)
  }
  const violations = ValidationFault?.violation as { field: string; reason: string }[] | undefined
  return violations === undefined ? undefined : refusalOf(violations)
}

export function customerNotFound(customerId: number): ProblemDocument {
  return refusedProblem('CUSTOMER_NOT_FOUND', { customerId }, `customer ${customerId} not found`)
}

/** What passed the rules of the service and not those of the monolith: who may not order, what is not for sale. */
function refusalOf(violations: readonly { field: string; reason: string }[]): ProblemDocument | undefined {
  const field = violations[0]?.field ?? ''
  if (field === 'custNo') return refusedProblem('CUSTOMER_INACTIVE', {}, 'the customer is not active')
  if (field === 'orderNo')
    return problem('order-not-cancelable', 'Order not cancelable', 409, 'the order is shipped or canceled')
  const line = /^line\[(\d+)\]\.sku$/.exec(field)?.[1]
  if (line === undefined) return undefined
  return refusedProblem('NOT_FOR_SALE', { line: Number(line) - 1 }, `line ${line} is of nothing for sale`)
}
