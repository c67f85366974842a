import { announceProcess } from '@strangler/chassis/discovery/announce-process.ts'
import { registryEnvironment } from '@strangler/chassis/discovery/registry-environment.ts'
import { brokerEnvironment, brokerOf } from '@strangler/chassis/messaging/broker-environment.ts'
import { systemClock as clock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { runMain } from '@strangler/kit/run-main.ts'
import { z } from 'zod'
import { startCatalog } from './start-catalog.ts'

const port = z.coerce.number().int().min(0).max(65_535).default(0)
const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: port,
  GRPC_PORT: port,
  DATABASE_URL: z.url({ protocol: /^mysql$/ }),
  ...brokerEnvironment,
  ...registryEnvironment,
})

await runMain(process, async variables => {
  const env = readEnv(environment, variables)
  const log = createLog('catalog')
  const { url, grpcUrl, close } = await startCatalog({
    host: env.HOST,
    port: env.PORT,
    grpcPort: env.GRPC_PORT,
    databaseUrl: env.DATABASE_URL,
    broker: brokerOf(env),
    clock,
    log,
  })
  const faces = [
    { service: 'catalog', url },
    { service: 'catalog-grpc', url: `http://${grpcUrl}` },
  ]
  const announced = announceProcess(env, faces, { pid: process.pid, clock, log })
  return { ready: { url, grpcUrl }, close: () => announced.close().then(close) }
})
