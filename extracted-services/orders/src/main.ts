import { announceProcess } from '@strangler/chassis/discovery/announce-process.ts'
import { createInstanceFinder } from '@strangler/chassis/discovery/find-instances.ts'
import { registryEnvironment, registryOf } from '@strangler/chassis/discovery/registry-environment.ts'
import { brokerEnvironment, requiredBrokerOf } from '@strangler/chassis/messaging/broker-environment.ts'
import { systemClock as clock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { runMain } from '@strangler/kit/run-main.ts'
import { z } from 'zod'
import { startOrders } from './start-orders.ts'

const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  DATABASE_URL: z.url({ protocol: /^mysql$/ }),
  CAPABILITIES_URL: z.url({ protocol: /^http$/ }),
  CATALOG_GRPC: z
    .string()
    .regex(/^[\w.-]+:\d{1,5}$/)
    .optional(),
  SAGA_STYLE: z.enum(['orchestration', 'choreography']).default('orchestration'),
  PENDING_MS: z.coerce.number().int().min(100).max(3_600_000).default(30_000),
  ATTEMPT_MS: z.coerce.number().int().min(50).max(30_000).default(5_000),
  ...brokerEnvironment,
  ...registryEnvironment,
})
type Environment = z.infer<typeof environment>

const log = createLog('orders')

await runMain(process, async variables => {
  const env = readEnv(environment, variables)
  const { url, close } = await startOrders({
    host: env.HOST,
    port: env.PORT,
    databaseUrl: env.DATABASE_URL,
    broker: requiredBrokerOf(env),
    capabilitiesUrl: env.CAPABILITIES_URL,
    findStockLookup: stockLookupOf(env),
    sagaStyle: env.SAGA_STYLE,
    withinMs: env.PENDING_MS,
    attemptMs: env.ATTEMPT_MS,
    clock,
    log,
  })
  const announced = announceProcess(env, [{ service: 'orders', url }], { pid: process.pid, clock, log })
  return { ready: { url }, close: () => announced.close().then(close) }
})

/** Where stock is looked up, as `host:port`: as told, or as the registry knows it; undefined where neither says. */
function stockLookupOf(env: Environment): (() => Promise<string>) | undefined {
  const { CATALOG_GRPC: told } = env
  if (told !== undefined) return async () => told
  const registry = registryOf(env)
  if (registry === undefined) return undefined
  const find = createInstanceFinder('catalog-grpc', { registry, clock, log })
  return async () => new URL(await find()).host
}
