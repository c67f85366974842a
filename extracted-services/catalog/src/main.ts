import { systemClock } from '@strangler/kit/clock.ts'
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
})

await runMain(process, async env => {
  const { HOST, PORT, GRPC_PORT, DATABASE_URL } = readEnv(environment, env)
  const { url, grpcUrl, close } = await startCatalog({
    host: HOST,
    port: PORT,
    grpcPort: GRPC_PORT,
    databaseUrl: DATABASE_URL,
    clock: systemClock,
    log: createLog('catalog'),
  })
  return { ready: { url, grpcUrl }, close }
})
