import { type Clock, systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import type { Express } from 'express'
import request from 'supertest'
import type { CatalogRepository } from '../src/application/catalog-repository.ts'
import { buildApp } from '../src/http/build-app.ts'
import { createInMemoryCatalogRepository } from './in-memory-catalog-repository.ts'

export const noon: Clock = { ...systemClock, now: () => Date.UTC(2024, 1, 29, 12, 0, 0, 999) }

/** The service over a repository in memory, at noon of 29 February 2024. */
export function createCatalogApp(catalog: CatalogRepository = createInMemoryCatalogRepository()): Express {
  return buildApp({
    catalog,
    clock: noon,
    log: createLog('catalog', 'silent'),
    metrics: createMetrics(),
    notReady: () => [],
  })
}

/** The service with products of these stocks. */
export async function createStockedApp(
  stocks: Readonly<Record<string, number>>,
  catalog: CatalogRepository = createInMemoryCatalogRepository(),
): Promise<Express> {
  const app = createCatalogApp(catalog)
  for (const [sku, stock] of Object.entries(stocks))
    await request(app).post('/products').send({ sku, name: sku, price: '1', stock }).expect(201)
  return app
}
