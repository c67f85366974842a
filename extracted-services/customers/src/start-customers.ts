import { applyMigrations } from '@strangler/chassis/database/apply-migrations.ts'
import { closeDatabasePool, createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import { createDatabaseReadiness } from '@strangler/chassis/database/database-readiness.ts'
import { createHttpServer } from '@strangler/chassis/http/create-http-server.ts'
import { idempotencyMigrations, removeExpiredKeys } from '@strangler/chassis/idempotency/idempotency-store.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import type { Log } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { CustomersRepository } from './application/customers-repository.ts'
import { buildApp } from './http/build-app.ts'
import { createCustomersRepository, customersMigrations } from './sql/customers-repository.ts'

export type CustomersOptions = {
  host: string
  /** 0 takes a free one. */
  port: number
  /** `mysql://user:password@host:port/schema`: the service's own account and schema. */
  databaseUrl: string
  clock: Clock
  log: Log
  /** Puts something around the repository, for example to try how a build that reads wrongly is found out. */
  wrap?(customers: CustomersRepository): CustomersRepository
}

const hour = 3_600_000
/** How long an Idempotency-Key is remembered: longer than any caller keeps on retrying. */
const keyRetentionMs = 7 * 24 * hour

/**
 * Migrates the schema, then serves.
 * @throws ToolkitError of applyMigrations and listen
 */
export async function startCustomers(
  options: CustomersOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  const { databaseUrl, clock, log, wrap = customers => customers } = options
  const ran = await applyMigrations(databaseUrl, [customersMigrations, idempotencyMigrations])
  if (ran.length > 0) log.info({ migrations: ran }, 'schema migrated')
  const pool = createDatabasePool(databaseUrl)
  const app = buildApp({
    customers: wrap(createCustomersRepository(pool, clock)),
    clock,
    log,
    metrics: createMetrics(),
    notReady: createDatabaseReadiness(pool, clock),
  })
  const expire = () =>
    removeExpiredKeys(pool, clock.now() - keyRetentionMs).then(
      removed => removed > 0 && log.info({ removed }, 'expired idempotency keys removed'),
      error => log.warn({ error: messageOf(error) }, 'expired idempotency keys not removed'),
    )
  const expiry = setInterval(expire, hour).unref()
  try {
    const { url, close } = await listen(createHttpServer(app), options.port, options.host)
    return {
      url,
      close: async () => {
        clearInterval(expiry)
        await close()
        await closeDatabasePool(pool)
      },
    }
  } catch (error) {
    clearInterval(expiry)
    await closeDatabasePool(pool)
    throw error
  }
}
