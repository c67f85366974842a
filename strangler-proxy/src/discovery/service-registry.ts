import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** One server of a service, known for as long as it keeps saying so. */
export type Registration = { service: string; id: string; url: string }

export type ServiceRegistry = {
  /**
   * Registers an instance, or renews it: repeating it is the heartbeat.
   * @param ttlMs for how long it is known from now on
   * @throws ToolkitError REGISTRY_FULL
   */
  put(instance: Registration, ttlMs: number): void
  /** Forgets an instance; nothing where it is not known. */
  remove(service: string, id: string): void
  services(): { name: string; instances: number }[]
  instancesOf(service: string): { id: string; url: string; expiresInMs: number }[]
  /** All that are known, with the time that each has asked for. */
  all(): (Registration & { ttlMs: number })[]
  close(): void
}

type Known = Registration & { ttlMs: number; until: number }

const maxServices = 1_000
const maxInstances = 256

/**
 * Who serves what, by heartbeats. It belongs to the process, not to a generation: no toggle forgets anybody.
 * @param elapsed monotonic milliseconds
 * @param onChange called when an instance comes, goes or moves; a heartbeat is none of these
 */
export function createServiceRegistry(elapsed: () => number, onChange: () => void): ServiceRegistry {
  const services = new Map<string, Map<string, Known>>()
  let timer: NodeJS.Timeout | undefined

  const known = () => [...services.values()].flatMap(instances => [...instances.values()])

  function forget({ service, id }: Registration): boolean {
    const instances = services.get(service)
    const found = instances?.delete(id) === true
    if (instances?.size === 0) services.delete(service)
    return found
  }

  function expire(): void {
    const now = elapsed()
    const over = known().filter(({ until }) => until <= now)
    for (const instance of over) forget(instance)
    watch()
    if (over.length > 0) onChange()
  }

  function watch(): void {
    clearTimeout(timer)
    const soonest = known().reduce((least, { until }) => Math.min(least, until), Number.POSITIVE_INFINITY)
    if (soonest === Number.POSITIVE_INFINITY) return
    timer = setTimeout(expire, Math.max(1, Math.ceil(soonest - elapsed())))
    timer.unref()
  }

  function placeFor({ service, id }: Registration): Map<string, Known> {
    const instances = services.get(service) ?? new Map<string, Known>()
    if (!services.has(service) && services.size >= maxServices) throw full(`${maxServices} services`)
    if (!instances.has(id) && instances.size >= maxInstances)
      throw full(`${maxInstances} instances of ${service}`)
    services.set(service, instances)
    return instances
  }

  return {
    put({ service, id, url }, ttlMs) {
      const instances = placeFor({ service, id, url })
      const before = instances.get(id)
      instances.set(id, { service, id, url, ttlMs, until: elapsed() + ttlMs })
      watch()
      if (before?.url !== url) onChange()
    },
    remove(service, id) {
      if (!forget({ service, id, url: '' })) return
      watch()
      onChange()
    },
    services: () => [...services].map(([name, instances]) => ({ name, instances: instances.size })),
    instancesOf: service =>
      [...(services.get(service)?.values() ?? [])].map(({ id, url, until }) => ({
        id,
        url,
        expiresInMs: Math.max(0, Math.round(until - elapsed())),
      })),
    all: () => known().map(({ service, id, url, ttlMs }) => ({ service, id, url, ttlMs })),
    close: () => clearTimeout(timer),
  }
}

function full(what: string): ToolkitError {
  return new ToolkitError('REGISTRY_FULL', `the registry holds ${what}, and takes no more`, {
    hint: 'instances that end must deregister, or keep their id from start to start',
  })
}
