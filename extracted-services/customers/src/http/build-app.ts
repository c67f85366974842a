import { createHttpApp } from '@strangler/chassis/http/create-http-app.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import type { Problem } from '@strangler/kit/problem.ts'
import type { Express } from 'express'
import type { Registry } from 'prom-client'
import type { CustomersRepository } from '../application/customers-repository.ts'
import { addCustomerResources, customerProblems } from './customer-resources.ts'
import { openApiDocument } from './open-api-document.ts'

export type CustomersAppParts = {
  customers: CustomersRepository
  clock: Clock
  log: Log
  metrics: Registry
  /** Why the process should get no traffic; empty means ready. */
  notReady(): readonly Problem[] | Promise<readonly Problem[]>
}

/** The service as an Express app; it listens nowhere by itself. */
export function buildApp({ customers, clock, ...parts }: CustomersAppParts): Express {
  return createHttpApp({
    ...parts,
    problems: customerProblems,
    routes: app => {
      app.get('/openapi.json', (_request, response) => void response.json(openApiDocument))
      addCustomerResources(app, customers, clock)
    },
  })
}
