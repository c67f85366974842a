import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { runMain } from '@strangler/kit/run-main.ts'
import { z } from 'zod'
import { startOrders } from './start-orders.ts'

const database = z.url({ protocol: /^mysql$/ })
const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  DATABASE_URL: database,
  MESSAGING_URL: database,
  CAPABILITIES_URL: z.url({ protocol: /^http$/ }),
  SAGA_STYLE: z.enum(['orchestration', 'choreography']).default('orchestration'),
  PENDING_MS: z.coerce.number().int().min(100).max(3_600_000).default(30_000),
  ATTEMPT_MS: z.coerce.number().int().min(50).max(30_000).default(5_000),
})

await runMain(process, async env => {
  const { HOST, PORT, DATABASE_URL, MESSAGING_URL, CAPABILITIES_URL, SAGA_STYLE, PENDING_MS, ATTEMPT_MS } =
    readEnv(environment, env)
  const { url, close } = await startOrders({
    host: HOST,
    port: PORT,
    databaseUrl: DATABASE_URL,
    messagingUrl: MESSAGING_URL,
    capabilitiesUrl: CAPABILITIES_URL,
    sagaStyle: SAGA_STYLE,
    withinMs: PENDING_MS,
    attemptMs: ATTEMPT_MS,
    clock: systemClock,
    log: createLog('orders'),
  })
  return { ready: { url }, close }
})
