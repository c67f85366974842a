import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import { systemClock } from '@strangler/kit/clock.ts'
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
import { createHealthChecks } from './forwarding/health-checks.ts'
import { createUpstreams } from './forwarding/upstreams.ts'
import { createProxyMetrics, type ProxyMetrics } from './proxy-metrics.ts'
import { createRecorder } from './recording/recorder.ts'
import { openGenerationHistory } from './routing/generation-history.ts'
import { type Generations, openGenerations } from './routing/generations.ts'
import { createSyncBarrier } from './routing/sync-barrier.ts'
import { createRequestListener } from './serve-request.ts'
import { createUpgradeListener } from './serve-upgrade.ts'

/** What a proxy is made of, wherever its requests come from. */
export type ProxyEngineOptions = {
  config: string
  /** Of operators, and of this proxy where it asks the engine. */
  token: string
  /** Of those who may look and change nothing. */
  viewerToken?: string | undefined
  /** Names by which the admin API is called, besides addresses and localhost; undefined takes any. */
  hosts: readonly string[] | undefined
  /** For the hashes that stand for values in samples; one of its own unless given. */
  redactionKey?: string | undefined
  /** The engine, which knows how far the sync has come; the proxy works without one. */
  operatorUrl?: string | undefined
  log: Log
  /** 0 ≤ n < 1, for sampling. */
  random?: (() => number) | undefined
  /** For one copy as a whole. */
  copyTimeoutMs?: number
  /** Told of every configuration that comes to be served. */
  onSwap?(config: Config): void
  /** Whether the process is ending, so that replies close their connections. */
  draining?(): boolean
}

/** A proxy without listeners: what receives requests hands them over. */
export type ProxyEngine = {
  generations: Generations
  metrics: ProxyMetrics
  serve: ReturnType<typeof createRequestListener>
  upgrade: ReturnType<typeof createUpgradeListener>
  /** Health, metrics and the admin API. */
  admin(request: IncomingMessage, response: ServerResponse): void
  /** Reads the file again, as a change of the file does. A refused file is logged and reported, not thrown. */
  reload(): void
  /** Not ready any more, no file followed, no copies, and parked writes on their way: the first half of an end. */
  retire(): void
  /** Once no request is served any more. */
  close(): Promise<void>
}

const connectionsPerInstance = 256
const copyConnections = 8
const maxQueuedCopies = 1_000
const concurrentCopies = 16
const copyCap = 262_144

/** @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID */
export async function openProxy(options: ProxyEngineOptions): Promise<ProxyEngine> {
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
  const generations = await openGenerations({
    file,
    history: await openGenerationHistory(historyFile(options.config)),
    onSwap(next, previous) {
      states.use(next, previous)
      upstreams.use(next.config)
      options.onSwap?.(next.config)
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
    draining: () => options.draining?.() ?? false,
  }
  let ready = true
  const operational = operationalEndpoints(registry, () =>
    ready ? [] : [{ path: '', message: 'the proxy is closing' }],
  )
  const api = createAdminApi({
    tokens: { operator: token, viewer: options.viewerToken },
    hosts: options.hosts,
    file: options.config,
    generations,
    states,
    recorder,
    upstreams,
    log,
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
    generations,
    metrics,
    serve: createRequestListener(parts),
    upgrade: createUpgradeListener(parts),
    admin(request, response) {
      if (!operational(request, response)) api(request, response)
    },
    reload,
    retire() {
      ready = false
      unwatch()
      mirror.close()
      // Parked writes go on to the owner before the listener drains.
      states.close()
    },
    async close() {
      await Promise.all([recorder.close(), upstreams.close(), checks.close(), copies.close()])
    },
  }
}

/** Each configuration of a folder has a history of its own. */
function historyFile(config: string): string {
  return join(stateFolder(config), `${basename(config)}.generations.jsonl`)
}
