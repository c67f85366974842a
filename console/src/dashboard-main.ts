import { dirname, join } from 'node:path'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { runMain } from '@strangler/kit/run-main.ts'
import { z } from 'zod'
import { startDashboard } from './dashboard/start-dashboard.ts'

const address = z
  .url({ protocol: /^https?$/, error: 'must be an http URL' })
  .transform(url => url.replace(/\/+$/, ''))
const list = (text: string) =>
  text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')

const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().pipe(z.int().min(0).max(65_535)).default(0),
  STRANGLER_OPERATOR_URL: address,
  STRANGLER_PROXIES: z.string().transform(list).pipe(z.array(address).min(1)),
  STRANGLER_TOKEN: z.string().min(1),
  STRANGLER_VIEWER_TOKEN: z.string().min(1).optional(),
  STRANGLER_DASHBOARD_HOSTS: z.string().default('').transform(list),
  STRANGLER_PORTAL: z.string().min(1).optional(),
})

/** The dashboard: the composition root of its process. */
await runMain(process, async env => {
  const known = readEnv(environment, env)
  const { url, close } = await startDashboard({
    host: known.HOST,
    port: known.PORT,
    engineUrl: known.STRANGLER_OPERATOR_URL,
    proxies: known.STRANGLER_PROXIES,
    token: known.STRANGLER_TOKEN,
    viewerToken: known.STRANGLER_VIEWER_TOKEN,
    hostNames: known.STRANGLER_DASHBOARD_HOSTS.map(name => name.toLowerCase()),
    portalFile: known.STRANGLER_PORTAL,
    folder: join(dirname(import.meta.dirname), 'dashboard'),
    clock: systemClock,
    log: createLog('dashboard'),
  })
  return { ready: { url }, close }
})
