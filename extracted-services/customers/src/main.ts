import { announceProcess } from '@strangler/chassis/discovery/announce-process.ts'
import { registryEnvironment } from '@strangler/chassis/discovery/registry-environment.ts'
import { brokerEnvironment, brokerOf } from '@strangler/chassis/messaging/broker-environment.ts'
import { systemClock as clock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { runMain } from '@strangler/kit/run-main.ts'
import { z } from 'zod'
import { startCustomers } from './start-customers.ts'

const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  DATABASE_URL: z.url({ protocol: /^mysql$/ }),
  ...brokerEnvironment,
  ...registryEnvironment,
})

await runMain(process, async variables => {
  const env = readEnv(environment, variables)
  const log = createLog('customers')
  const { url, close } = await startCustomers({
    host: env.HOST,
    port: env.PORT,
    databaseUrl: env.DATABASE_URL,
    broker: brokerOf(env),
    clock,
    log,
  })
  const announced = announceProcess(env, [{ service: 'customers', url }], { pid: process.pid, clock, log })
  return { ready: { url }, close: () => announced.close().then(close) }
})
