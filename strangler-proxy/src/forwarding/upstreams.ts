import type { Clock } from '@strangler/kit/clock.ts'
import { Pool } from 'undici'
import { type CohortKey, parseCohortKey } from '../config/cohort-key.ts'
import type { Config, UpstreamConfig } from '../config/config-schema.ts'
import { createPick, type Pick, type Policy } from './balance.ts'
import { type Breaker, createBreaker } from './breaker.ts'
import { type Bulkhead, createBulkhead } from './bulkhead.ts'
import type { HealthChecks } from './health-checks.ts'
import { type HostPolicy, parseHostPolicy } from './host-policy.ts'
import { createInstance, type Instance } from './instance.ts'
import type { UpstreamSources } from './upstream-sources.ts'

/** What the file names under `upstreams`: one or more servers that are equal. */
export type Upstream = {
  name: string
  instances: readonly Instance[]
  /** What is hashed to choose an instance, where the policy hashes. */
  key: CohortKey | undefined
  policy: Policy
  pick: Pick
  breaker: Breaker
  bulkhead: Bulkhead | undefined
  /** What it gets as Host, where that is not what the client sent. */
  host: HostPolicy
}

export type UpstreamView = {
  name: string
  balance: string
  breaker: string
  instances: { url: string; healthy: boolean; ejected: boolean; pending: number }[]
  /** Where its servers are found, unless the file names them. */
  found?: string
  bulkhead?: { inFlight: number; queued: number; refused: number }
}

export type Upstreams = {
  /** @throws never for a name that the current generation holds */
  get(name: string): Upstream
  /** Opens what the configuration names anew, and closes the rest once its requests have had time to end. */
  use(config: Config): void
  breakers(): Record<string, string>
  /** Those of the current generation. */
  describe(): UpstreamView[]
  close(): Promise<void>
}

type Kept = { instance: Instance; pool: Pool; health: string; unwatch: () => void }

const graceMs = 60_000

/**
 * Pools of connections, kept by upstream and URL from generation to generation.
 * @param connections at most, to one server
 * @param workers how many share the bulkheads
 */
export function createUpstreams(
  clock: Clock,
  connections: number,
  checks: HealthChecks,
  sources: UpstreamSources,
  workers = 1,
): Upstreams {
  const kept = new Map<string, Kept>()
  let settings = ''
  let upstreams = new Map<string, Upstream>()
  let named = new Map<string, UpstreamConfig>()
  const leaving = new Set<Pool>()

  function open(name: string, url: string, config: Config, upstream: UpstreamConfig): Kept {
    const { health, tls } = upstream
    const id = `${name} ${url} ${JSON.stringify(tls ?? null)}`
    const wanted = JSON.stringify(health ?? null)
    const { connectMs } = config.timeouts
    let found = kept.get(id)
    if (found === undefined) {
      const pool = new Pool(url, {
        connections,
        pipelining: 1,
        connect: sources.connect(url, upstream, connectMs),
        headersTimeout: 0,
        bodyTimeout: config.timeouts.idleMs,
        keepAliveTimeout: 4_000,
        allowH2: false,
      })
      found = { instance: createInstance(url, pool, clock.elapsed), pool, health: 'null', unwatch: () => {} }
      kept.set(id, found)
    }
    if (found.health === wanted) return found
    found.unwatch()
    found.health = wanted
    found.instance.healthy = true
    found.unwatch =
      health === undefined
        ? () => {}
        : checks.watch(name, found.instance, health, sources.connect(url, upstream, connectMs))
    return found
  }

  function retire({ pool, unwatch }: Kept): void {
    unwatch()
    leaving.add(pool)
    setTimeout(() => {
      leaving.delete(pool)
      pool.close().catch(() => {})
    }, graceMs).unref()
  }

  function create(name: string, config: Config, upstream: UpstreamConfig): Upstream {
    const urls = sources.locate(name, upstream)
    const instances = urls.map(url => open(name, url, config, upstream).instance)
    const before = upstreams.get(name)
    const { policy, key } = parseBalance(upstream.balance)
    const same = before?.policy === policy && sameItems(before.instances, instances)
    return {
      name,
      instances,
      policy,
      key,
      // A toggle must not start the round anew, or the first server would get every first request.
      pick: same ? before.pick : createPick(policy, instances),
      breaker: before?.breaker ?? createBreaker(clock.elapsed),
      bulkhead: bulkheadOf(upstream, before, workers),
      host: parseHostPolicy(upstream.host),
    }
  }

  return {
    get(name) {
      const found = upstreams.get(name)
      if (found === undefined) throw new Error(`upstream ${name} is not open`)
      return found
    },
    use(config) {
      const wanted = JSON.stringify(config.timeouts)
      if (wanted !== settings) {
        for (const one of kept.values()) retire(one)
        kept.clear()
        settings = wanted
      }
      const next = new Map<string, Upstream>()
      for (const [name, upstream] of Object.entries(config.upstreams))
        next.set(name, create(name, config, upstream))
      const used = new Set([...next.values()].flatMap(({ instances }) => instances))
      for (const [id, one] of kept)
        if (!used.has(one.instance)) {
          kept.delete(id)
          retire(one)
        }
      // Names that are gone stay known for requests that began with an earlier generation.
      for (const [name, upstream] of upstreams) if (!next.has(name)) next.set(name, upstream)
      upstreams = next
      named = new Map(Object.entries(config.upstreams))
    },
    breakers: () => Object.fromEntries([...upstreams].map(([name, { breaker }]) => [name, breaker.state()])),
    describe: () =>
      [...named].map(([name, { balance, service, srv }]) => {
        const { breaker, instances, bulkhead } = upstreams.get(name)!
        const found = service === undefined ? srv : `service ${service}`
        return {
          name,
          balance,
          breaker: breaker.state(),
          instances: instances.map(({ url, healthy, ejected, pending }) => ({
            url,
            healthy,
            ejected: ejected(),
            pending: pending(),
          })),
          ...(found === undefined ? {} : { found }),
          ...(bulkhead === undefined ? {} : { bulkhead: bulkhead.counts() }),
        }
      }),
    async close() {
      for (const { unwatch } of kept.values()) unwatch()
      await Promise.all([...kept.values()].map(({ pool }) => pool.destroy()))
      await Promise.all([...leaving].map(pool => pool.destroy()))
    },
  }
}

/** Who is seated keeps its seat when the limits change. Several workers share them out, so that all keep to them. */
function bulkheadOf(
  { bulkhead }: UpstreamConfig,
  before: Upstream | undefined,
  workers: number,
): Bulkhead | undefined {
  if (bulkhead === undefined) return undefined
  const limits = {
    ...bulkhead,
    inFlight: Math.ceil(bulkhead.inFlight / workers),
    queued: Math.ceil(bulkhead.queued / workers),
  }
  before?.bulkhead?.limit(limits)
  return before?.bulkhead ?? createBulkhead(limits)
}

/** `round-robin`, `least-pending`, or `hash:` and a key such as `cookie:sid`; checked when the file was read. */
function parseBalance(balance: string): { policy: Policy; key: CohortKey | undefined } {
  if (balance === 'round-robin' || balance === 'least-pending') return { policy: balance, key: undefined }
  const key = parseCohortKey(balance.slice('hash:'.length))
  return { policy: 'hash', key: typeof key === 'string' ? undefined : key }
}

function sameItems<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index])
}
