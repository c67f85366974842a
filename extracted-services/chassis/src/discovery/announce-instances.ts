import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { type Instance, putInstance, type Registry, removeInstance } from './registry.ts'

export type AnnounceParts = {
  registry: Registry
  clock: Clock
  log: Log
  /** How long an instance that gives no sign of life is still known, in ms. */
  ttlMs?: number
  /** How soon a registry that did not take a beat is asked again, in ms. */
  retryMs?: number
}

/**
 * Self-registration: beats three times in the time that a beat is good for, until closed, and then says goodbye. A
 * registry that is away keeps nobody from starting or stopping; one that comes back empty is told at the next beat.
 */
export function announceInstances(
  instances: readonly Instance[],
  parts: AnnounceParts,
): { close(): Promise<void> } {
  const stop = new AbortController()
  const beating = Promise.all(instances.map(instance => beat(instance, parts, stop.signal)))
  return {
    close: async () => {
      stop.abort()
      await beating
    },
  }
}

async function beat(instance: Instance, parts: AnnounceParts, signal: AbortSignal): Promise<void> {
  const { registry, clock, log, ttlMs = 15_000, retryMs = 1_000 } = parts
  const { service, id, url } = instance
  for (let known = false, failures = 0; !signal.aborted; ) {
    try {
      await putInstance(registry, instance, ttlMs)
      if (!known) log.info({ service, id, url }, 'registered')
      known = true
      failures = 0
    } catch (error) {
      // One line when it begins to fail, not one for every beat.
      if (failures++ === 0) log.warn({ service, id, error: messageOf(error) }, 'not registered')
      known = false
    }
    await clock.sleep(known ? ttlMs / 3 : retryMs, signal).catch(() => {})
  }
  await removeInstance(registry, instance).catch(error =>
    log.warn(
      { service, id, error: messageOf(error) },
      'not deregistered: it is forgotten when its time is over',
    ),
  )
}
