import { createHttpApp, type HttpAppParts } from '@strangler/chassis/http/create-http-app.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Express } from 'express'
import type { Orders } from '../application/orders.ts'
import { openApiDocument } from './open-api-document.ts'
import { addOrderResources, orderProblems } from './order-resources.ts'

/** What is common to all services' apps, see HttpAppParts, and what this one serves. */
export type OrdersAppParts = Pick<HttpAppParts, 'log' | 'metrics' | 'notReady'> & {
  orders: Orders
  clock: Clock
}

/** The service as an Express app; it listens nowhere by itself. */
export function buildApp({ orders, clock, ...parts }: OrdersAppParts): Express {
  return createHttpApp({
    ...parts,
    problems: orderProblems,
    routes: app => {
      app.get('/openapi.json', (_request, response) => void response.json(openApiDocument))
      addOrderResources(app, orders, clock)
    },
  })
}
