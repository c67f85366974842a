import type { Clock } from '@strangler/kit/clock.ts'
import { type Dispatcher, Pool } from 'undici'
import { type Config, urlsOf } from '../config/config-schema.ts'
import { type Breaker, createBreaker } from './breaker.ts'

/** One server of an upstream. */
export type Instance = { url: string; dispatcher: Dispatcher }

/** What the file names under `upstreams`: one or more servers that are equal. */
export type Upstream = {
  name: string
  /** How many servers there are to try. */
  size: number
  /** The next server in turn. */
  next(): Instance
  breaker: Breaker
}

export type Upstreams = {
  /** @throws never for a name that the current generation holds */
  get(name: string): Upstream
  /** Opens what the configuration names anew, and closes the rest once its requests have had time to end. */
  use(config: Config): void
  breakers(): Record<string, string>
  close(): Promise<void>
}

const graceMs = 60_000

/**
 * Pools of connections, kept by URL from generation to generation.
 * @param connections at most, to one server
 */
export function createUpstreams(clock: Clock, connections: number): Upstreams {
  const pools = new Map<string, Pool>()
  let settings = ''
  let upstreams = new Map<string, Upstream>()
  const leaving = new Set<Pool>()

  function poolOf(url: string, config: Config): Pool {
    let pool = pools.get(url)
    if (pool === undefined) {
      pool = new Pool(url, {
        connections,
        pipelining: 1,
        connect: { timeout: config.timeouts.connectMs },
        headersTimeout: 0,
        bodyTimeout: config.timeouts.idleMs,
        keepAliveTimeout: 4_000,
        allowH2: false,
      })
      pools.set(url, pool)
    }
    return pool
  }

  function retire(pool: Pool): void {
    leaving.add(pool)
    setTimeout(() => {
      leaving.delete(pool)
      pool.close().catch(() => {})
    }, graceMs).unref()
  }

  function retireAllBut(urls: ReadonlySet<string>): void {
    for (const [url, pool] of pools)
      if (!urls.has(url)) {
        pools.delete(url)
        retire(pool)
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
        for (const pool of pools.values()) retire(pool)
        pools.clear()
        settings = wanted
      }
      const next = new Map<string, Upstream>()
      const urls = new Set<string>()
      for (const [name, upstream] of Object.entries(config.upstreams)) {
        const instances = urlsOf(upstream).map(url => ({ url, dispatcher: poolOf(url, config) }))
        for (const { url } of instances) urls.add(url)
        let turn = 0
        next.set(name, {
          name,
          size: instances.length,
          next: () => {
            turn = turn + 1 < instances.length ? turn + 1 : 0
            return instances[turn]!
          },
          breaker: upstreams.get(name)?.breaker ?? createBreaker(clock.elapsed),
        })
      }
      retireAllBut(urls)
      // Names that are gone stay known for requests that began with an earlier generation.
      for (const [name, upstream] of upstreams) if (!next.has(name)) next.set(name, upstream)
      upstreams = next
    },
    breakers: () => Object.fromEntries([...upstreams].map(([name, { breaker }]) => [name, breaker.state()])),
    async close() {
      await Promise.all([...pools.values(), ...leaving].map(pool => pool.destroy()))
    },
  }
}
