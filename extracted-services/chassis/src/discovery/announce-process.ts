import { hostname } from 'node:os'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { announceInstances } from './announce-instances.ts'
import { type RegistryEnvironment, registryOf } from './registry-environment.ts'

/** What a process serves: a service by name, and where it listens. */
export type Face = { service: string; url: string }

/**
 * Announces what a process serves, if it was told of a registry. The first face is advertised as
 * STRANGLER_ADVERTISED_URL says, any other one at the same host and its own port.
 * @param pid tells this process from others on its machine when it was given no name
 */
export function announceProcess(
  env: RegistryEnvironment,
  faces: readonly Face[],
  { pid, clock, log }: { pid: number; clock: Clock; log: Log },
): { close(): Promise<void> } {
  const registry = registryOf(env)
  if (registry === undefined) return { close: async () => {} }
  const id = env.STRANGLER_INSTANCE_ID ?? `${hostname().replace(/[^\w.-]/g, '-')}-${pid}`
  const instances = faces.map(({ service, url }, index) => ({
    service,
    id,
    url: advertised(env.STRANGLER_ADVERTISED_URL, url, index === 0),
  }))
  return announceInstances(instances, { registry, clock, log })
}

function advertised(told: string | undefined, url: string, first: boolean): string {
  if (told === undefined) return url
  if (first) return told
  const other = new URL(url)
  other.hostname = new URL(told).hostname
  return other.origin
}
