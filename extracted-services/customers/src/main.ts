import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { runMain } from '@strangler/kit/run-main.ts'
import { z } from 'zod'
import { startCustomers } from './start-customers.ts'

const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  DATABASE_URL: z.url({ protocol: /^mysql$/ }),
  MESSAGING_URL: z.url({ protocol: /^mysql$/ }).optional(),
})

await runMain(process, async env => {
  const { HOST, PORT, DATABASE_URL, MESSAGING_URL } = readEnv(environment, env)
  const { url, close } = await startCustomers({
    host: HOST,
    port: PORT,
    databaseUrl: DATABASE_URL,
    messagingUrl: MESSAGING_URL,
    clock: systemClock,
    log: createLog('customers'),
  })
  return { ready: { url }, close }
})
