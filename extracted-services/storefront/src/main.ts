import { announceProcess } from '@strangler/chassis/discovery/announce-process.ts'
import { registryEnvironment } from '@strangler/chassis/discovery/registry-environment.ts'
import { systemClock as clock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { runMain } from '@strangler/kit/run-main.ts'
import { z } from 'zod'
import { startStorefront } from './start-storefront.ts'

const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  CAPABILITIES_URL: z.url({ protocol: /^http$/ }),
  PART_MS: z.coerce.number().int().min(10).max(30_000).default(1_000),
  ...registryEnvironment,
})

await runMain(process, async variables => {
  const env = readEnv(environment, variables)
  const log = createLog('storefront')
  const { url, close } = await startStorefront({
    host: env.HOST,
    port: env.PORT,
    capabilitiesUrl: env.CAPABILITIES_URL,
    partMs: env.PART_MS,
    log,
  })
  const announced = announceProcess(env, [{ service: 'storefront', url }], { pid: process.pid, clock, log })
  return { ready: { url }, close: () => announced.close().then(close) }
})
