import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'
import { systemClock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import type { Log } from '@strangler/kit/log.ts'
import { createMetrics, operationalEndpoints } from '@strangler/kit/operational-endpoints.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { createAdminApi } from './admin/admin-api.ts'
import { createCapabilityStates } from './capability-state.ts'
import { createCopyPools } from './comparison/ask-upstream.ts'
import { createMirror } from './comparison/mirror.ts'
import { configFile } from './config/config-file.ts'
import type { Config } from './config/config-schema.ts'
import { stateFolder } from './config/own-secret.ts'
import { createEntryServer } from './entry-server.ts'
import { createHealthChecks } from './forwarding/health-checks.ts'
import { createUpstreams } from './forwarding/upstreams.ts'
import { createProxyMetrics } from './proxy-metrics.ts'
import { createRecorder } from './recording/recorder.ts'
import { openGenerationHistory } from './routing/generation-history.ts'
import { type Generations, openGenerations } from './routing/generations.ts'
import { createSyncBarrier } from './routing/sync-barrier.ts'
import { createRequestListener } from './serve-request.ts'
import { createUpgradeListener } from './serve-upgrade.ts'

export type Address = { host: string; port: number }

export type ProxyOptions = {
  config: string
  listen: Address
  admin: Address
  /** Of operators, and of this proxy where it asks the engine. */
  token: string
  /** Of those who may look and change nothing. */
  viewerToken?: string | undefined
  /** Names by which the admin listener is called, besides addresses and localhost. */
  adminHosts?: readonly string[] | undefined
  /** For the hashes that stand for values in samples; one of its own unless given. */
  redactionKey?: string | undefined
  /** The engine, which knows how far the sync has come; the proxy works without one. */
  operatorUrl?: string | undefined
  log: Log
  /** 0 ≤ n < 1, for sampling. */
  random?: (() => number) | undefined
  /** Instead of the file's, for how long an end waits for what runs. */
  drainMs?: number
  /** For one copy as a whole. */
  copyTimeoutMs?: number
}

export type RunningProxy = {
  url: string
  adminUrl: string
  generations: Generations
  /** Reads the file again, as a change of the file does. A refused file is logged and reported, not thrown. */
  reload(): void
  close(): Promise<void>
}

const connectionsPerInstance = 256
const copyConnections = 8
const maxQueuedCopies = 1_000
const concurrentCopies = 16
const copyCap = 262_144

/**
 * Builds and starts one proxy: the entry listener, and the admin listener beside it.
 * @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID, PORT_TAKEN, PORT_REFUSED
 */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { log, token, operatorUrl, random = Math.random } = options
  const clock = systemClock
  const redactionKey = options.redactionKey ?? randomBytes(32).toString('hex')
  const file = configFile(options.config)
  const registry = createMetrics()
  const metrics = createProxyMetrics(registry)
  const barrier = operatorUrl === undefined ? undefined : createSyncBarrier(operatorUrl, token)
  const states = createCapabilityStates(clock, barrier, metrics, log)
  const checks = createHealthChecks(log)
  const upstreams = createUpstreams(clock, connectionsPerInstance, checks)
  const copies = createCopyPools(clock, copyConnections, options.copyTimeoutMs ?? 5_000, copyCap)
  const mirror = createMirror({
    ask: copies.ask,
    barrier,
    clock,
    log,
    random,
    maxQueued: maxQueuedCopies,
    concurrency: concurrentCopies,
    redactionKey,
  })
  const recorder = createRecorder({
    folder: join(stateFolder(options.config), 'recordings'),
    redactionKey,
    clock,
    log,
    random,
  })
  let limitEntry = (_config: Config): void => {}
  const generations = await openGenerations({
    file,
    history: await openGenerationHistory(historyFile(options.config)),
    onSwap(next, previous) {
      states.use(next, previous)
      upstreams.use(next.config)
      limitEntry(next.config)
      copies.use(next.config)
    },
    onUnkept: cause => log.warn({ cause }, 'the history of generations is kept in memory only'),
    now: clock.now,
  })
  const { current } = generations
  metrics.observe({
    generation: () => current().number,
    states: states.all,
    mirror,
    breakers: upstreams.breakers,
  })

  const parts = {
    clock,
    log,
    metrics,
    states,
    upstreams,
    mirror,
    recorder,
    current,
    random,
    draining: () => entry.draining(),
  }
  const entry = createEntryServer(current().config, {
    serve: createRequestListener(parts),
    upgrade: createUpgradeListener(parts),
    onRefusedConnection: metrics.connectionRefused,
  })
  limitEntry = entry.use

  let ready = true
  const operational = operationalEndpoints(registry, () =>
    ready ? [] : [{ path: '', message: 'the proxy is closing' }],
  )
  const admin = createAdminApi({
    tokens: { operator: token, viewer: options.viewerToken },
    hosts: ownHosts(options),
    file: options.config,
    generations,
    states,
    recorder,
    upstreams,
    log,
  })
  const adminServer = createServer((request, response) => {
    if (!operational(request, response)) admin(request, response)
  })

  const front = await listen(entry.server, options.listen.port, options.listen.host, 0)
  const side = await listen(adminServer, options.admin.port, options.admin.host, 500).catch(async error => {
    await front.close()
    throw error
  })

  function reload(): void {
    const before = current().number
    const problemsBefore = generations.problems().length
    generations.reload().then(
      ({ number, hash }) => {
        if (number !== before) log.info({ generation: number, hash, by: 'file' }, 'generation swapped')
        else if (problemsBefore > 0) log.info({ generation: number }, 'the file is what is served again')
      },
      error => log.error({ generation: before, cause: messageOf(error) }, 'file refused, generation stays'),
    )
  }
  const unwatch = file.watch(reload)

  return {
    url: front.url,
    adminUrl: side.url,
    generations,
    reload,
    async close() {
      ready = false
      unwatch()
      mirror.close()
      // Parked writes go on to the owner before the listener drains.
      states.close()
      await entry.drain(options.drainMs ?? current().config.timeouts.drainMs)
      await Promise.all([side.close(), recorder.close(), upstreams.close(), checks.close(), copies.close()])
    },
  }
}

/** Each configuration of a folder has a history of its own. */
function historyFile(config: string): string {
  return join(stateFolder(config), `${basename(config)}.generations.jsonl`)
}

/** A listener on loopback is called by those who know its address; one for others, by names that they are told. */
function ownHosts({ admin, adminHosts }: ProxyOptions): readonly string[] | undefined {
  const loopback = admin.host === 'localhost' || admin.host === '::1' || admin.host.startsWith('127.')
  return adminHosts ?? (loopback ? [] : undefined)
}
