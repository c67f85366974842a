import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { type Dispatcher, Pool, request } from 'undici'
import type { HealthConfig } from '../config/config-schema.ts'
import type { Instance } from './instance.ts'
import type { Connect } from './upstream-connection.ts'

/** Asks instances whether they are well, on connections of its own. */
export type HealthChecks = {
  /** Begins to ask an instance. Answers what ends that. */
  watch(upstream: string, instance: Instance, config: HealthConfig, connect: Connect): () => void
  close(): Promise<void>
}

export function createHealthChecks(log: Log): HealthChecks {
  const open = new Set<Pool>()

  async function ask(
    dispatcher: Dispatcher,
    { url, servername }: Instance,
    { path, timeoutMs }: HealthConfig,
  ): Promise<string | undefined> {
    try {
      const { statusCode, body } = await request(new URL(path, url), {
        dispatcher,
        servername,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal: AbortSignal.timeout(timeoutMs),
      } as Parameters<typeof request>[1])
      await body.dump()
      return statusCode < 400 ? undefined : `status ${statusCode}`
    } catch (error) {
      return messageOf(error)
    }
  }

  return {
    watch(upstream, instance, config, connect) {
      const pool = new Pool(instance.url, {
        connections: 1,
        keepAliveTimeout: 1_000,
        allowH2: false,
        connect,
      })
      open.add(pool)
      let inRow = 0
      let ended = false
      let timer: NodeJS.Timeout | undefined
      const check = async () => {
        const problem = await ask(pool, instance, config)
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
        open.delete(pool)
        pool.destroy().catch(() => {})
      }
    },
    async close() {
      await Promise.all([...open].map(pool => pool.destroy()))
    },
  }
}
