import type { SrvRecord } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { Log } from '@strangler/kit/log.ts'
import { type Config, type UpstreamConfig, urlsOf } from '../config/config-schema.ts'
import { type AllowedPlaces, createAllowedPlaces } from './allowed-places.ts'
import type { Registration } from './service-registry.ts'
import { type ResolveSrv, watchSrv } from './watch-srv.ts'

/** Where the servers of an upstream are, whoever says so: the file, the registry, or DNS. */
export type Discovery = {
  /** Follows a generation. */
  use(config: Config): void
  /** Everything that the registry knows. */
  learn(instances: readonly Registration[]): void
  /** Base URLs; none while nobody is known. */
  locate(name: string, upstream: UpstreamConfig): readonly string[]
  /** For connections to servers that registered: holds their addresses to what the configuration allows. */
  lookup: LookupFunction
  close(): void
}

type Watched = { urls: readonly string[]; end(): void }

/** @param onChange called when a server has come or gone, so that the upstreams are to be located again */
export function createDiscovery(resolveSrv: ResolveSrv, log: Log, onChange: () => void): Discovery {
  const watched = new Map<string, Watched>()
  let registered: readonly Registration[] = []
  let places: AllowedPlaces = createAllowedPlaces(undefined)

  function watch(srv: string, refreshMs: number): Watched {
    const one: Watched = {
      urls: [],
      end: watchSrv(resolveSrv, srv, refreshMs, {
        onRecords(records) {
          const urls = urlsFrom(srv, records)
          if (urls.join() === one.urls.join()) return
          one.urls = urls
          log.info({ srv, urls }, 'DNS names other servers')
          onChange()
        },
        onFailure: cause => log.warn({ srv, cause }, 'DNS does not answer, its servers stay'),
      }),
    }
    return one
  }

  return {
    use(config) {
      places = createAllowedPlaces(config.registry.allow)
      const wanted = new Map<string, [string, number]>()
      for (const { srv, refreshMs } of Object.values(config.upstreams))
        if (srv !== undefined) wanted.set(keyOf(srv, refreshMs), [srv, refreshMs])
      for (const [key, [srv, refreshMs]] of wanted)
        if (!watched.has(key)) watched.set(key, watch(srv, refreshMs))
      for (const [key, { end }] of watched)
        if (!wanted.has(key)) {
          end()
          watched.delete(key)
        }
    },
    learn(instances) {
      registered = instances
      onChange()
    },
    locate(_name, upstream) {
      const { service, srv, refreshMs } = upstream
      if (srv !== undefined) return watched.get(keyOf(srv, refreshMs))?.urls ?? []
      if (service === undefined) return urlsOf(upstream)
      const urls = registered.filter(one => one.service === service).map(({ url }) => new URL(url).origin)
      return [...new Set(urls)].filter(places.permits).sort()
    },
    lookup: (host, options, done) => places.lookup(host, options, done),
    close() {
      for (const { end } of watched.values()) end()
      watched.clear()
    },
  }
}

function keyOf(srv: string, refreshMs: number): string {
  return `${srv} ${refreshMs}`
}

/** Those of the best priority: the others are for when none of these is there (RFC 2782). Weights are not used. */
function urlsFrom(srv: string, records: readonly SrvRecord[]): string[] {
  const scheme = srv.startsWith('_https.') ? 'https' : 'http'
  const targets = records.filter(({ name }) => name !== '' && name !== '.')
  const best = Math.min(...targets.map(({ priority }) => priority))
  const urls = targets
    .filter(({ priority }) => priority === best)
    .map(({ name, port }) => `${scheme}://${name.replace(/\.$/, '')}:${port}`)
    .filter(url => URL.canParse(url))
    .map(url => new URL(url).origin)
  return [...new Set(urls)].sort()
}
