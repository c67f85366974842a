import { addAuditResource } from '@strangler/chassis/http/audit-resource.ts'
import { createHttpApp } from '@strangler/chassis/http/create-http-app.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import type { Problem } from '@strangler/kit/problem.ts'
import type { Express } from 'express'
import type { Registry } from 'prom-client'
import type { CatalogRepository } from '../application/catalog-repository.ts'
import { productNotFound } from '../application/change-products.ts'
import { openApiDocument } from './open-api-document.ts'
import { addProductResources, productProblems, skuIn } from './product-resources.ts'
import { addReservationResources, reservationProblems } from './reservation-resources.ts'
import { createRunWrite } from './run-write.ts'

export type CatalogAppParts = {
  catalog: CatalogRepository
  clock: Clock
  log: Log
  metrics: Registry
  /** Why the process should get no traffic; empty means ready. */
  notReady(): readonly Problem[] | Promise<readonly Problem[]>
}

/** The service as an Express app; it listens nowhere by itself. */
export function buildApp({ catalog, clock, ...parts }: CatalogAppParts): Express {
  return createHttpApp({
    ...parts,
    problems: { ...productProblems, ...reservationProblems },
    routes: app => {
      const run = createRunWrite(catalog, clock)
      app.get('/openapi.json', (_request, response) => void response.json(openApiDocument))
      addProductResources(app, catalog, run)
      addReservationResources(app, catalog, run)
      addAuditResource(app, '/products/:sku/audit', async request => {
        const sku = skuIn(request)
        const entries = await catalog.auditTrail(sku)
        if (entries.length === 0 && (await catalog.find(sku)) === undefined) throw productNotFound(sku)
        return entries
      })
    },
  })
}
