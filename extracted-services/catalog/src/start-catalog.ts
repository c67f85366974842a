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
import { catalogTopics } from './application/catalog-messages.ts'
import { serveGrpc } from './grpc/serve-grpc.ts'
import { createStockLookup, stockLookupDefinition } from './grpc/stock-lookup.ts'
import { buildApp } from './http/build-app.ts'
import { catalogMigrations, createCatalogRepository } from './sql/catalog-repository.ts'
import { removeEndedReservations } from './sql/reservation-rows.ts'

export type CatalogOptions = {
  host: string
  /** 0 takes a free one. */
  port: number
  /** 0 takes a free one. */
  grpcPort: number
  /** `mysql://user:password@host:port/schema`: the service's own account and schema. */
  databaseUrl: string
  /** Without one, events wait in the outbox for whoever publishes it. */
  broker?: Broker | undefined
  clock: Clock
  log: Log
}

export type RunningCatalog = {
  url: string
  /** `host:port`. */
  grpcUrl: string
  close(): Promise<void>
}

const partitions = 8
/** Longer than any message about a reservation can be on its way. */
const reservationsCleanUp: CleanUp = {
  name: 'reservations',
  keepMs: 30 * 24 * 3_600_000,
  remove: removeEndedReservations,
}

/**
 * Migrates the schema, then serves. Several may run on one schema: one of them publishes, all of them serve.
 * @throws ToolkitError of applyMigrations, openMessaging, listen and serveGrpc
 */
export async function startCatalog(options: CatalogOptions): Promise<RunningCatalog> {
  const { databaseUrl, clock, log, host } = options
  const parts = [catalogMigrations, auditMigrations, idempotencyMigrations, outboxMigrations]
  const ran = await applyMigrations(databaseUrl, parts)
  if (ran.length > 0) log.info({ migrations: ran }, 'schema migrated')
  const pool = createDatabasePool(databaseUrl)
  const catalog = createCatalogRepository(pool, clock)
  const metrics = createMetrics()
  const app = buildApp({ catalog, clock, log, metrics, notReady: createDatabaseReadiness(pool, clock) })
  const stop = new AbortController()
  const cleaning = runCleanUps([idempotencyCleanUp, reservationsCleanUp], { pool, clock, log }, stop.signal)
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
      const topics = { [catalogTopics.products]: partitions, [catalogTopics.stock]: partitions }
      const messaging = await openMessaging(options.broker, topics, { name: 'catalog', clock, log })
      closing.push(messaging.close)
      messaging.publishFrom(pool)
    }
    const http = await listen(createHttpServer(app), options.port, host)
    closing.push(http.close)
    const lookup = createStockLookup({ catalog, clock, log, metrics })
    const grpc = await serveGrpc(stockLookupDefinition, lookup, options.grpcPort, host)
    closing.push(grpc.close)
    return { url: http.url, grpcUrl: grpc.url, close }
  } catch (error) {
    await close()
    throw error
  }
}
