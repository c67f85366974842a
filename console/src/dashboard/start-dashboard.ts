import { createServer } from 'node:http'
import type { Clock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import type { Log } from '@strangler/kit/log.ts'
import { createMetrics, operationalEndpoints } from '@strangler/kit/operational-endpoints.ts'
import { createEngineOperator } from '../operator/engine-operator.ts'
import { createDashboardApp } from './dashboard-app.ts'
import { createStreamDesk } from './event-streams.ts'
import { createMenu, readPortal } from './portal-menu.ts'
import { createProxyView } from './proxy-view.ts'
import { createSessions } from './sessions.ts'
import { serveFolder } from './static-files.ts'
import { createTurns } from './take-turns.ts'
import { createVerbRuns } from './verb-runs.ts'
import { watchSystem } from './watch-system.ts'

export type DashboardOptions = {
  host: string
  port: number
  engineUrl: string
  /** Admin URLs. */
  proxies: readonly string[]
  token: string
  /** Of those who may look and change nothing. */
  viewerToken?: string | undefined
  /** Host names that the dashboard is reached by, besides localhost. */
  hostNames: readonly string[]
  /** The JSON file of the portal's menu. */
  portalFile: string | undefined
  /** The folder of the pages. */
  folder: string
  clock: Clock
  log: Log
}

export type Dashboard = { url: string; close(): Promise<void> }

const readWithinMs = 10_000
/** The engine says something every few seconds while a verb runs. */
const verbIdleMs = 60_000
const maxOperatorStreams = 50
const maxPortalStreams = 200

/** @throws ToolkitError PORT_TAKEN, PORT_REFUSED, CONFIG_INVALID for the portal's file */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { token, clock, log } = options
  const closing = new AbortController()
  const reading = { idleMs: readWithinMs, connectMs: 0, signal: closing.signal }
  const engine = { name: 'engine', url: options.engineUrl, token } as const
  const read = createEngineOperator(engine, reading)
  const act = createEngineOperator(engine, { ...reading, idleMs: verbIdleMs, connectMs: 5_000 })
  const proxies = options.proxies.map(url => createProxyView(url, token, reading))
  const portal = await readPortal(options.portalFile)
  const files = await serveFolder(options.folder)
  const operatorStreams = createStreamDesk(maxOperatorStreams)
  const portalStreams = createStreamDesk(maxPortalStreams)
  const watch = watchSystem(read.status, proxies, clock, log)
  const app = createDashboardApp({
    engine: read,
    act: act.verb,
    proxies,
    watch,
    runs: createVerbRuns(clock),
    turns: createTurns(),
    sessions: createSessions({ operator: token, viewer: options.viewerToken }, clock),
    menu: createMenu(portal),
    operatorStreams,
    portalStreams,
    files,
    // What does not answer is shown on the page: the dashboard itself is ready all the same.
    operational: operationalEndpoints(createMetrics(), () => []),
    hostNames: options.hostNames,
    log,
  })
  const server = createServer({ maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000 }, app)
  const end = async () => {
    operatorStreams.endAll()
    portalStreams.endAll()
    closing.abort()
    await watch.close()
  }
  const listening = await listen(server, options.port, options.host, 500).catch(async error => {
    await end()
    throw error
  })
  return {
    url: listening.url,
    close: async () => {
      await end()
      await listening.close()
    },
  }
}
