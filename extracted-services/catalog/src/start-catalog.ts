import { applyMigrations } from '@strangler/chassis/database/apply-migrations.ts'
import { closeDatabasePool, createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import { createDatabaseReadiness } from '@strangler/chassis/database/database-readiness.ts'
import { createHttpServer } from '@strangler/chassis/http/create-http-server.ts'
import { idempotencyMigrations, removeExpiredKeys } from '@strangler/chassis/idempotency/idempotency-store.ts'
import { outboxMigrations } from '@strangler/chassis/outbox/outbox.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import type { Log } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
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
  clock: Clock
  log: Log
}

export type RunningCatalog = {
  url: string
  /** `host:port`. */
  grpcUrl: string
  close(): Promise<void>
}

const hour = 3_600_000
/** How long an Idempotency-Key is remembered: longer than any caller keeps on retrying. */
const keyRetentionMs = 7 * 24 * hour
/** How long a reservation that came to its end is: longer than any message about it can be on its way. */
const reservationRetentionMs = 30 * 24 * hour

/**
 * Migrates the schema, then serves. Events wait in the outbox for whoever publishes it, see publishOutbox.
 * @throws ToolkitError of applyMigrations, listen and serveGrpc
 */
export async function startCatalog(options: CatalogOptions): Promise<RunningCatalog> {
  const { databaseUrl, clock, log, host } = options
  const parts = [catalogMigrations, idempotencyMigrations, outboxMigrations]
  const ran = await applyMigrations(databaseUrl, parts)
  if (ran.length > 0) log.info({ migrations: ran }, 'schema migrated')
  const pool = createDatabasePool(databaseUrl)
  const catalog = createCatalogRepository(pool, clock)
  const metrics = createMetrics()
  const app = buildApp({ catalog, clock, log, metrics, notReady: createDatabaseReadiness(pool, clock) })
  const expiry = setInterval(() => expire(pool, clock, log), hour).unref()
  const closing: (() => Promise<void>)[] = [async () => clearInterval(expiry), () => closeDatabasePool(pool)]
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
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

async function expire(pool: Pool, clock: Clock, log: Log): Promise<void> {
  try {
    const keys = await removeExpiredKeys(pool, clock.now() - keyRetentionMs)
    const reservations = await removeEndedReservations(pool, clock.now() - reservationRetentionMs)
    if (keys + reservations > 0) log.info({ keys, reservations }, 'expired rows removed')
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'expired rows not removed')
  }
}
