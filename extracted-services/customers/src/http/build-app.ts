import { addAuditResource } from '@strangler/chassis/http/audit-resource.ts'
import { createHttpApp, type HttpAppParts } from '@strangler/chassis/http/create-http-app.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Express } from 'express'
import { customerNotFound } from '../application/change-customers.ts'
import type { CustomersRepository } from '../application/customers-repository.ts'
import type { CreditRepository } from '../application/reserve-credit.ts'
import { announceSunset, apiVersions } from './api-versions.ts'
import { addCreditResources, creditProblems } from './credit-resources.ts'
import { addCustomerResources, customerIdIn, customerProblems } from './customer-resources.ts'
import { openApiDocument, openApiV2Document } from './open-api-document.ts'

/** What is common to all services' apps, see HttpAppParts, and what this one serves. */
export type CustomersAppParts = Pick<HttpAppParts, 'log' | 'metrics' | 'notReady'> & {
  customers: CustomersRepository
  credit: CreditRepository
  clock: Clock
}

/** The service as an Express app; it listens nowhere by itself. */
export function buildApp({ customers, credit, clock, ...parts }: CustomersAppParts): Express {
  return createHttpApp({
    ...parts,
    problems: { ...customerProblems, ...creditProblems },
    routes: app => {
      app.get('/openapi.json', (_request, response) => void response.json(openApiDocument))
      app.get('/v2/openapi.json', (_request, response) => void response.json(openApiV2Document))
      app.use(announceSunset)
      for (const version of apiVersions) addCustomerResources(app, customers, clock, version)
      addAuditResource(app, '/customers/:id/audit', async request => {
        const id = customerIdIn(request)
        const entries = await customers.auditTrail(id)
        if (entries.length === 0 && (await customers.find(id)) === undefined) throw customerNotFound(id)
        return entries
      })
      addCreditResources(app, credit, clock)
    },
  })
}
