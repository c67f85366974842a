import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import { systemClock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { operationalEndpoints } from '@strangler/kit/operational-endpoints.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Registry } from 'prom-client'
import { openAuditLog } from '../audit/audit-log.ts'
import { configFile } from '../config/config-file.ts'
import { stateFolder } from '../config/own-secret.ts'
import { registryFile } from '../discovery/registry-file.ts'
import { createServiceRegistry } from '../discovery/service-registry.ts'
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
  /** Of services, which may register and nothing else. */
  registrantToken?: string | undefined
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
  /** Once what it keeps is on disk. */
  close(): Promise<void>
}

/**
 * @param metrics what `/metrics` answers
 * @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID, CONFIG_HISTORY_UNREADABLE
 */
export async function openControl(
  options: ControlOptions,
  workers: Workers,
  metrics: Registry,
): Promise<Control> {
  const { log } = options
  const file = configFile(options.config)
  const audit = await openAuditLog(stateFile(options.config, 'audit.jsonl'), systemClock.now)
  const kept = registryFile(stateFile(options.config, 'instances.json'), error =>
    log.warn({ cause: messageOf(error) }, 'the registry is kept in memory only'),
  )
  const services = createServiceRegistry(systemClock.elapsed, () => {
    void workers.learn(services.all())
    kept.save(services)
  })
  await kept.restore(services)
  const generations = await openGenerations({
    file,
    history: await openGenerationHistory(stateFile(options.config, 'generations.jsonl')),
    publish: workers.use,
    warn: message => log.warn(message),
    now: systemClock.now,
  })
  const { current } = generations
  let ready = true
  const operational = operationalEndpoints(metrics, () =>
    ready ? [] : [{ path: '', message: 'the proxy is closing' }],
  )
  const api = createAdminApi({
    tokens: { operator: options.token, viewer: options.viewerToken, registrant: options.registrantToken },
    hosts: options.hosts,
    file: options.config,
    generations,
    workers,
    services,
    audit,
    clock: systemClock,
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
      services.close()
      unwatch()
    },
    async close() {
      await Promise.all([kept.close(), audit.close()])
    },
  }
}

/** Each configuration of a folder has files of its own. */
function stateFile(config: string, name: string): string {
  return join(stateFolder(config), `${basename(config)}.${name}`)
}
