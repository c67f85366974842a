import type { Clock } from '@strangler/kit/clock.ts'
import { type Dispatcher, Pool } from 'undici'
import { type Observation, ReplyTap } from '../forwarding/reply-tap.ts'
import type { RecordedRequest } from './request-file.ts'

const cap = 8 * 1024 * 1024

/** One of two systems that are compared. */
export type AskedSystem = {
  /** @throws Error where no whole answer came in time */
  ask(request: RecordedRequest): Promise<Observation>
  close(): Promise<void>
}

/**
 * @param base `http://host:port`, with a path before every request's own if there is one
 * @param replaced headers that this system is asked with, whatever was recorded: its own token, say
 */
export function askSystem(
  base: string,
  replaced: readonly (readonly [name: string, value: string])[],
  connections: number,
  timeoutMs: number,
  clock: Clock,
): AskedSystem {
  const { origin, pathname } = new URL(base)
  const before = pathname.replace(/\/$/, '')
  const own = new Set(replaced.map(([name]) => name.toLowerCase()))
  const pool = new Pool(origin, { connections, pipelining: 1, allowH2: false })
  return {
    ask: async ({ method, path, headers, body }) => {
      const began = clock.elapsed()
      const reply = await pool.request({
        method: method as Dispatcher.HttpMethod,
        path: `${before}${path}`,
        headers: [...headers.filter(([name]) => !own.has(name.toLowerCase())), ...replaced].flat(),
        body: body ?? null,
        signal: AbortSignal.timeout(timeoutMs),
      })
      const tap = new ReplyTap(cap)
      tap.onHead(reply.statusCode, reply.headers)
      for await (const chunk of reply.body) tap.onData(chunk as Buffer)
      return tap.observation(clock.elapsed() - began)
    },
    close: () => pool.destroy(),
  }
}
