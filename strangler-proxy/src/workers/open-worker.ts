import { resolveSrv } from 'node:dns/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { systemClock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import type { Registry } from 'prom-client'
import { createCapabilityStates } from '../capability-state.ts'
import { createCopyPools } from '../comparison/ask-upstream.ts'
import { createMirror } from '../comparison/mirror.ts'
import { companionFiles } from '../config/companion-files.ts'
import type { Config } from '../config/config-schema.ts'
import { stateFolder } from '../config/own-secret.ts'
import { createDiscovery } from '../discovery/discovery.ts'
import type { ResolveSrv } from '../discovery/watch-srv.ts'
import { createHealthChecks } from '../forwarding/health-checks.ts'
import { createUpstreamSources } from '../forwarding/upstream-sources.ts'
import { createUpstreams } from '../forwarding/upstreams.ts'
import { createProxyMetrics, type ProxyMetrics } from '../proxy-metrics.ts'
import { createRecorder } from '../recording/recorder.ts'
import type { Generation } from '../routing/generation.ts'
import { createPins, type Pins } from '../routing/pins.ts'
import { createSyncBarrier } from '../routing/sync-barrier.ts'
import { createRequestListener } from '../serve-request.ts'
import { createUpgradeListener } from '../serve-upgrade.ts'
import { createSpanExporter, type TracingOptions } from '../tracing/span-exporter.ts'
import { traceCopies } from '../tracing/trace-copies.ts'
import { soleWorker } from './sole-worker.ts'
import type { Workers } from './workers.ts'

export type WorkerOptions = {
  /** Path of the configuration, beside which the state folder lies. */
  config: string
  /** Of this proxy where it asks the engine. */
  token: string
  /** For the hashes that stand for values in samples. */
  redactionKey: string
  /** The engine, which knows how far the sync has come; the proxy works without one. */
  operatorUrl?: string | undefined
  log: Log
  /** 0 ≤ n < 1, for sampling. */
  random?: (() => number) | undefined
  /** For one copy as a whole. */
  copyTimeoutMs?: number | undefined
  /** Told of every configuration that comes to be served. */
  onUse?(config: Config): void
  /** Whether the process is ending, so that replies close their connections. */
  draining?(): boolean
  /** Where pins are kept, if others share them. */
  pins?(capability: string): Pins
  /** Where a span of each request and copy goes; nowhere without. */
  tracing?: TracingOptions | undefined
  /** Instead of the system's resolver. */
  resolveSrv?: ResolveSrv | undefined
  /** Which of several workers this is, 1 for the first ever, and how many share the limits of upstreams. */
  id?: number
  of?: number
}

/** What serves requests: a proxy without listeners, and without a say in which generation it serves. */
export type Worker = {
  /** Before this no request can be served. */
  use(next: Generation): void
  current(): Generation
  metrics: ProxyMetrics
  registry: Registry
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue?: boolean,
    unclaimed?: () => void,
  ): void
  upgrade(request: IncomingMessage, socket: Duplex, ahead: Buffer): void
  /** This worker as all that there is. */
  workers: Workers
  /** No copies any more, and parked writes on their way: the first half of an end. */
  retire(): void
  /** Once no request is served any more. */
  close(): Promise<void>
}

const connectionsPerInstance = 256
const copyConnections = 8
const maxQueuedCopies = 1_000
const concurrentCopies = 16
const copyCap = 262_144

export function openWorker(options: WorkerOptions): Worker {
  const { log, token, operatorUrl, redactionKey, random = Math.random, id = 1, of = 1 } = options
  const clock = systemClock
  const registry = createMetrics()
  const metrics = createProxyMetrics(registry)
  const barrier = operatorUrl === undefined ? undefined : createSyncBarrier(operatorUrl, token)
  const pins = options.pins ?? (capability => createPins(capability, barrier, clock))
  const states = createCapabilityStates(clock, pins, metrics, log)
  const checks = createHealthChecks(log)
  const discovery = createDiscovery(options.resolveSrv ?? resolveSrv, log, () => {
    if (generation !== undefined) useServers(generation.config)
  })
  const sources = createUpstreamSources(
    discovery.locate,
    companionFiles(options.config),
    discovery.lookup,
    (server, cause) => log.error({ server, cause }, 'certificates cannot be read, those before stay'),
  )
  const upstreams = createUpstreams(clock, connectionsPerInstance, checks, sources, of)
  const copies = createCopyPools(clock, copyConnections, options.copyTimeoutMs ?? 5_000, copyCap, sources)
  const spans = options.tracing === undefined ? undefined : createSpanExporter(options.tracing, log)
  const mirror = createMirror({
    ask: spans === undefined ? copies.ask : traceCopies(copies.ask, spans, clock),
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
  let generation: Generation | undefined
  const current = (): Generation => {
    if (generation === undefined) throw new Error('no generation is served yet')
    return generation
  }
  metrics.observe({
    generation: () => generation?.number ?? 0,
    states: states.all,
    mirror,
    breakers: upstreams.breakers,
    upstreams: upstreams.describe,
    spans,
  })
  const parts = {
    clock,
    log,
    metrics,
    states,
    upstreams,
    mirror,
    recorder,
    spans,
    current,
    random,
    draining: () => options.draining?.() ?? false,
  }

  function useServers(config: Config): void {
    upstreams.use(config)
    copies.use(config)
  }

  function use(next: Generation): void {
    states.use(next, generation)
    discovery.use(next.config)
    useServers(next.config)
    options.onUse?.(next.config)
    generation = next
  }

  return {
    use,
    current,
    metrics,
    registry,
    serve: createRequestListener(parts),
    upgrade: createUpgradeListener(parts),
    workers: soleWorker({ id, pid: process.pid, use, learn: discovery.learn, states, upstreams, recorder }),
    retire() {
      mirror.close()
      // Parked writes go on to the owner before the listener drains.
      states.close()
    },
    async close() {
      discovery.close()
      await Promise.all([spans?.close(), recorder.close(), upstreams.close(), checks.close(), copies.close()])
    },
  }
}
