import { addResource, jsonBody } from '@strangler/chassis/http/create-http-app.ts'
import { type ProblemDetails, type ProblemMapping, problem } from '@strangler/chassis/http/problem-details.ts'
import { traceOf } from '@strangler/chassis/http/request-log.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { formatTraceparent } from '@strangler/kit/trace-context.ts'
import type { Express, Request, Response } from 'express'
import { customerNotFound } from '../application/change-customers.ts'
import {
  type CreditRepository,
  type CreditWriter,
  releaseCredit,
  reserveCredit,
} from '../application/reserve-credit.ts'
import type { CreditReservation } from '../domain/credit-reservation.ts'
import { instantOf } from '../domain/customer.ts'
import { customerIdIn } from './customer-resources.ts'
import { check, creditReservationSchema, orderIdForm } from './request-schemas.ts'

/** How the errors of credit reservations are answered. */
export const creditProblems: ProblemMapping = {
  CREDIT_RESERVATION_NOT_FOUND: error =>
    ofOrder(error, 'credit-reservation-not-found', 'Credit reservation not found', 404),
  CREDIT_RELEASED: error => ofOrder(error, 'credit-released', 'Credit released', 409),
  CREDIT_DIFFERS: error => ofOrder(error, 'credit-differs', 'Credit differs', 409),
  CUSTOMER_INACTIVE: error => ofOrder(error, 'customer-inactive', 'Customer inactive', 409),
  CREDIT_EXCEEDED: error => ofOrder(error, 'credit-exceeded', 'Credit exceeded', 409),
}

/** The REST face of credit. Each write says where the order's credit is to end up, so all bear repeating. */
export function addCreditResources(app: Express, credit: CreditRepository, clock: Clock): void {
  const run = async <T>(
    request: Request,
    response: Response,
    work: (writer: CreditWriter, at: string) => Promise<T>,
  ): Promise<T> => {
    const rehearsal = request.get('strangler-rehearsal') === '1'
    const traceparent = formatTraceparent(traceOf(response))
    const at = instantOf(clock.now())
    const result = await credit.write(writer => work(writer, at), { rehearsal, traceparent })
    if (rehearsal) response.set('strangler-rehearsal', 'done')
    return result
  }

  addResource(app, '/customers/:id/credit-reservations', {
    post: [
      ...jsonBody,
      async (request, response) => {
        const customerId = customerIdIn(request)
        const { orderId, amount } = check(creditReservationSchema, request.body)
        const { reservation, made } = await run(request, response, (writer, at) =>
          reserveCredit(writer, { orderId, customerId, amount }, at),
        )
        // Thrown here and not in the transaction, which has to stay: it remembers the refusal.
        if (reservation.refusal !== null) throw refusalOf(reservation)
        response
          .status(made ? 201 : 200)
          .location(`/customers/${customerId}/credit-reservations/${orderId}`)
          .json(reservation)
      },
    ],
  })
  addResource(app, '/customers/:id/credit-reservations/:orderId', {
    get: [
      async (request, response) => {
        const customerId = customerIdIn(request)
        const orderId = orderIdIn(request)
        const reservation = await credit.find(orderId)
        if (reservation?.customerId !== customerId)
          throw new ToolkitError('CREDIT_RESERVATION_NOT_FOUND', `order ${orderId} has no credit`, {
            details: { orderId },
          })
        response.json(reservation)
      },
    ],
    delete: [
      async (request, response) => {
        const customerId = customerIdIn(request)
        const orderId = orderIdIn(request)
        const released = await run(request, response, (writer, at) =>
          releaseCredit(writer, { orderId, customerId }, at),
        )
        response.json(released)
      },
    ],
  })
}

function refusalOf({ orderId, customerId, refusal }: CreditReservation): ToolkitError {
  if (refusal === null || refusal.reason === 'CUSTOMER_NOT_FOUND') return customerNotFound(customerId)
  const { reason, ...numbers } = refusal
  return new ToolkitError(reason, `customer ${customerId} gets no credit for order ${orderId}`, {
    details: { orderId, ...numbers },
  })
}

function ofOrder(error: ToolkitError, name: string, title: string, status: number): ProblemDetails {
  const { status: customerStatus, ...details } = error.details
  const of = customerStatus === undefined ? {} : { customerStatus }
  return { ...problem(name, title, status, error.message), ...details, ...of }
}

function orderIdIn(request: Request): string {
  const orderId = String(request.params.orderId)
  if (orderIdForm.test(orderId)) return orderId
  throw new ToolkitError('NOT_FOUND', `nothing is at ${request.path}`)
}
