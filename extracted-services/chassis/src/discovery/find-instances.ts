import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Registry, readInstances } from './registry.ts'

export type FinderParts = {
  registry: Registry
  clock: Clock
  log: Log
  /** How long an answer of the registry is good for, in ms. */
  cacheMs?: number
}

/** Resolves with the URL of one living instance, each in turn. @throws ToolkitError NO_INSTANCE */
export type FindInstance = () => Promise<string>

/**
 * Client-side discovery: the caller asks the registry itself and takes the instances in turn. While the registry is away,
 * what it said last goes on being used: an address that may be stale is worth more than none.
 */
export function createInstanceFinder(service: string, parts: FinderParts): FindInstance {
  const { registry, clock, log, cacheMs = 2_000 } = parts
  let urls: readonly string[] = []
  let freshUntil = Number.NEGATIVE_INFINITY
  let turn = 0
  let reading: Promise<void> | undefined

  async function read(): Promise<void> {
    try {
      urls = await readInstances(registry, service)
    } catch (error) {
      log.warn({ service, error: messageOf(error), known: urls.length }, 'instances not read')
    }
    freshUntil = clock.elapsed() + cacheMs
  }

  return async () => {
    if (clock.elapsed() >= freshUntil) {
      // Callers that come at the same time share one question.
      reading ??= read().finally(() => {
        reading = undefined
      })
      await reading
    }
    const url = urls[turn++ % Math.max(urls.length, 1)]
    if (url !== undefined) return url
    throw new ToolkitError('NO_INSTANCE', `no instance of ${service} is known`, {
      hint: 'start one, or see what the registry knows: GET /admin/services',
      details: { service },
    })
  }
}
