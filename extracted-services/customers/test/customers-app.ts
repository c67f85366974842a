import type { Clock } from '@strangler/kit/clock.ts'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import type { Express } from 'express'
import type { CustomersRepository } from '../src/application/customers-repository.ts'
import { buildApp } from '../src/http/build-app.ts'
import { createInMemoryCreditRepository } from './in-memory-credit-repository.ts'
import { createInMemoryCustomersRepository } from './in-memory-customers-repository.ts'

export const noon: Clock = { ...systemClock, now: () => Date.UTC(2024, 1, 29, 12, 0, 0, 999) }

/** The service over a repository in memory, at noon of 29 February 2024. */
export function createCustomersApp(
  customers: CustomersRepository = createInMemoryCustomersRepository(),
): Express {
  return buildApp({
    customers,
    credit: createInMemoryCreditRepository(customers),
    clock: noon,
    log: createLog('customers', 'silent'),
    metrics: createMetrics(),
    notReady: () => [],
  })
}
