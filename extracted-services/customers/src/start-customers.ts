import { auditMigrations } from '@strangler/chassis/audit/audit-trail.ts'
import { idempotencyCleanUp } from '@strangler/chassis/clean-up/chassis-clean-ups.ts'
import { type CleanUp, runCleanUps } from '@strangler/chassis/clean-up/run-clean-ups.ts'
import { applyMigrations } from '@strangler/chassis/database/apply-migrations.ts'
import { closeDatabasePool, createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import { createDatabaseReadiness } from '@strangler/chassis/database/database-readiness.ts'
import { createHttpServer } from '@strangler/chassis/http/create-http-server.ts'
import { idempotencyMigrations } from '@strangler/chassis/idempotency/idempotency-store.ts'
import { type Broker, openMessaging } from '@strangler/chassis/messaging/open-messaging.ts'
import { outboxMigrations } from '@strangler/chassis/outbox/outbox.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import type { Log } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import type { CustomersRepository } from './application/customers-repository.ts'
import { buildApp } from './http/build-app.ts'
import { createCreditRepository, customersEvents, removeEndedCredit } from './sql/credit-repository.ts'
import { createCustomersRepository, customersMigrations } from './sql/customers-repository.ts'

export type CustomersOptions = {
  host: string
  /** 0 takes a free one. */
  port: number
  /** `mysql://user:password@host:port/schema`: the service's own account and schema. */
  databaseUrl: string
  /** Without one, events wait in the outbox for whoever publishes it. */
  broker?: Broker | undefined
  clock: Clock
  log: Log
  /** Puts something around the repository, for example to try how a build that reads wrongly is found out. */
  wrap?(customers: CustomersRepository): CustomersRepository
}

/** Longer than any message about an order can be on its way. */
const creditCleanUp: CleanUp = { name: 'credit', keepMs: 30 * 24 * 3_600_000, remove: removeEndedCredit }

/**
 * Migrates the schema, then serves.
 * @throws ToolkitError of applyMigrations, openMessaging and listen
 */
export async function startCustomers(
  options: CustomersOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  const { databaseUrl, clock, log, wrap = customers => customers } = options
  const ran = await applyMigrations(databaseUrl, [
    customersMigrations,
    auditMigrations,
    idempotencyMigrations,
    outboxMigrations,
  ])
  if (ran.length > 0) log.info({ migrations: ran }, 'schema migrated')
  const pool = createDatabasePool(databaseUrl)
  const stop = new AbortController()
  const cleaning = runCleanUps([idempotencyCleanUp, creditCleanUp], { pool, clock, log }, stop.signal)
  const closing: (() => Promise<void>)[] = [
    () => closeDatabasePool(pool),
    () => {
      stop.abort()
      return cleaning
    },
  ]
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    if (options.broker !== undefined) {
      const topics = { [customersEvents]: 8 }
      const messaging = await openMessaging(options.broker, topics, { name: 'customers', clock, log })
      closing.push(messaging.close)
      messaging.publishFrom(pool)
    }
    const app = buildApp({
      customers: wrap(createCustomersRepository(pool, clock)),
      credit: createCreditRepository(pool, clock),
      clock,
      log,
      metrics: createMetrics(),
      notReady: createDatabaseReadiness(pool, clock),
    })
    const { url, close: stopListening } = await listen(createHttpServer(app), options.port, options.host)
    closing.push(stopListening)
    return { url, close }
  } catch (error) {
    await close()
    throw error
  }
}
