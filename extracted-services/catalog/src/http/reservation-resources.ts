import { addResource, jsonBody } from '@strangler/chassis/http/create-http-app.ts'
import { type ProblemDetails, type ProblemMapping, problem } from '@strangler/chassis/http/problem-details.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Express, Request } from 'express'
import type { CatalogRepository } from '../application/catalog-repository.ts'
import {
  commit,
  outOfStock,
  release,
  reservationNotFound,
  reserve,
} from '../application/change-reservations.ts'
import { check, orderIdProblem, reservationSchema } from './request-schemas.ts'
import type { RunWrite } from './run-write.ts'

/** How the errors of reservations are answered. */
export const reservationProblems: ProblemMapping = {
  RESERVATION_NOT_FOUND: error => ofOrder(error, 'reservation-not-found', 'Reservation not found', 404),
  RESERVATION_DIFFERS: error => ofOrder(error, 'reservation-differs', 'Reservation differs', 409),
  RESERVATION_COMMITTED: error => ofOrder(error, 'reservation-committed', 'Reservation committed', 409),
  RESERVATION_RELEASED: error => ofOrder(error, 'reservation-released', 'Reservation released', 409),
  OUT_OF_STOCK: error => ({
    ...ofOrder(error, 'out-of-stock', 'Out of stock', 409),
    shortages: error.details.shortages,
  }),
}

/** The REST face of reservations. Each write says where the order's reservation is to end up, so all bear repeating. */
export function addReservationResources(app: Express, catalog: CatalogRepository, run: RunWrite): void {
  addResource(app, '/reservations', {
    post: [
      ...jsonBody,
      async (request, response) => {
        const { orderId, lines } = check(reservationSchema, request.body)
        const { reservation, made } = await run(request, response, (writer, at) =>
          reserve(writer, orderId, lines, at),
        )
        // Thrown here and not in the transaction, which has to stay: it remembers the refusal.
        if (reservation.status === 'refused') throw outOfStock(reservation)
        response
          .status(made ? 201 : 200)
          .location(`/reservations/${orderId}`)
          .json(reservation)
      },
    ],
  })
  addResource(app, '/reservations/:orderId', {
    get: [
      async (request, response) => {
        const orderId = orderIdIn(request)
        const reservation = await catalog.findReservation(orderId)
        if (reservation === undefined) throw reservationNotFound(orderId)
        response.json(reservation)
      },
    ],
    delete: [
      async (request, response) => {
        const orderId = orderIdIn(request)
        response.json(await run(request, response, (writer, at) => release(writer, orderId, at)))
      },
    ],
  })
  addResource(app, '/reservations/:orderId/commit', {
    post: [
      async (request, response) => {
        const orderId = orderIdIn(request)
        response.json(await run(request, response, (writer, at) => commit(writer, orderId, at)))
      },
    ],
  })
}

function ofOrder(error: ToolkitError, name: string, title: string, status: number): ProblemDetails {
  return { ...problem(name, title, status, error.message), orderId: error.details.orderId }
}

function orderIdIn(request: Request): string {
  const orderId = String(request.params.orderId)
  if (orderIdProblem(orderId) === undefined) return orderId
  throw new ToolkitError('NOT_FOUND', `nothing is at ${request.path}`)
}
