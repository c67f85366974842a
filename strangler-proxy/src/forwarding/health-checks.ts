import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { Agent, request } from 'undici'
import type { HealthConfig } from '../config/config-schema.ts'
import type { Instance } from './instance.ts'

/** Asks instances whether they are well, on connections of its own. */
export type HealthChecks = {
  /** Begins to ask an instance. Answers what ends that. */
  watch(upstream: string, instance: Instance, config: HealthConfig): () => void
  close(): Promise<void>
}

export function createHealthChecks(log: Log): HealthChecks {
  const agent = new Agent({ connections: 1, keepAliveTimeout: 1_000, maxRedirections: 0 } as Agent.Options)

  async function ask(url: string, { path, timeoutMs }: HealthConfig): Promise<string | undefined> {
    try {
      const { statusCode, body } = await request(new URL(path, url), {
        dispatcher: agent,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal: AbortSignal.timeout(timeoutMs),
      })
      await body.dump()
      return statusCode < 400 ? undefined : `status ${statusCode}`
    } catch (error) {
      return messageOf(error)
    }
  }

  return {
    watch(upstream, instance, config) {
      let inRow = 0
      let ended = false
      let timer: NodeJS.Timeout | undefined
      const check = async () => {
        const problem = await ask(instance.url, config)
        if (ended) return
        const well = problem === undefined
        inRow = well === instance.healthy ? 0 : inRow + 1
        if (inRow >= (well ? config.successes : config.failures)) {
          inRow = 0
          instance.healthy = well
          log.warn({ upstream, instance: instance.url, healthy: well, cause: problem }, 'health changed')
        }
        timer = setTimeout(check, config.everyMs)
        timer.unref()
      }
      void check()
      return () => {
        ended = true
        clearTimeout(timer)
      }
    },
    close: () => agent.destroy(),
  }
}
