import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import { systemClock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { operationalEndpoints } from '@strangler/kit/operational-endpoints.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Registry } from 'prom-client'
import { configFile } from '../config/config-file.ts'
import { stateFolder } from '../config/own-secret.ts'
import { openGenerationHistory } from '../routing/generation-history.ts'
import { type Generations, openGenerations } from '../routing/generations.ts'
import type { Workers } from '../workers/workers.ts'
import { createAdminApi } from './admin-api.ts'

export type ControlOptions = {
  config: string
  /** Of operators. */
  token: string
  /** Of those who may look and change nothing. */
  viewerToken?: string | undefined
  /** Names by which the admin API is called, besides addresses and localhost; undefined takes any. */
  hosts: readonly string[] | undefined
  log: Log
}

/** What decides which generation is served, and answers those who ask and change: one for all workers. */
export type Control = {
  generations: Generations
  /** Health, metrics and the admin API. */
  admin(request: IncomingMessage, response: ServerResponse): void
  /** Reads the file again, as a change of the file does. A refused file is logged and reported, not thrown. */
  reload(): void
  /** Not ready any more, and no file followed. */
  retire(): void
}

/**
 * @param registry what `/metrics` answers
 * @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID, CONFIG_HISTORY_UNREADABLE
 */
export async function openControl(
  options: ControlOptions,
  workers: Workers,
  registry: Registry,
): Promise<Control> {
  const { log } = options
  const file = configFile(options.config)
  const generations = await openGenerations({
    file,
    history: await openGenerationHistory(historyFile(options.config)),
    publish: workers.use,
    warn: message => log.warn(message),
    now: systemClock.now,
  })
  const { current } = generations
  let ready = true
  const operational = operationalEndpoints(registry, () =>
    ready ? [] : [{ path: '', message: 'the proxy is closing' }],
  )
  const api = createAdminApi({
    tokens: { operator: options.token, viewer: options.viewerToken },
    hosts: options.hosts,
    file: options.config,
    generations,
    workers,
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
    admin(request, response) {
      if (!operational(request, response)) api(request, response)
    },
    reload,
    retire() {
      ready = false
      unwatch()
    },
  }
}

/** Each configuration of a folder has a history of its own. */
function historyFile(config: string): string {
  return join(stateFolder(config), `${basename(config)}.generations.jsonl`)
}
