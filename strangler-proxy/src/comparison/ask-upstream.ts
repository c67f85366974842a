import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '@strangler/kit/clock.ts'
import { type Dispatcher, Pool } from 'undici'
import { type Config, urlsOf } from '../config/config-schema.ts'
import { type Observation, ReplyTap } from '../forwarding/reply-tap.ts'
import type { Ask } from './mirror.ts'

export type CopyPools = {
  ask: Ask
  /** Follows the upstreams of a new generation. */
  use(config: Config): void
  close(): Promise<void>
}

/**
 * Connections for copies only, so that a stalled side can take none from clients.
 * @param timeoutMs for one copy as a whole
 * @param cap larger replies are not kept
 */
export function createCopyPools(
  clock: Clock,
  connections: number,
  timeoutMs: number,
  cap: number,
): CopyPools {
  const pools = new Map<string, Pool>()
  let upstreams = new Map<string, readonly string[]>()
  let turn = 0

  function poolOf(upstream: string): Pool {
    const urls = upstreams.get(upstream)
    const url = urls?.[turn++ % urls.length]
    if (url === undefined) throw new Error(`upstream ${upstream} is gone`)
    let pool = pools.get(url)
    if (pool === undefined) {
      pool = new Pool(url, {
        connections,
        pipelining: 1,
        connect: { timeout: timeoutMs },
        headersTimeout: 0,
        bodyTimeout: 0,
        allowH2: false,
      })
      pools.set(url, pool)
    }
    return pool
  }

  return {
    ask: (upstream, { method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const handler = new CopyHandler(clock, timeoutMs, cap, resolve, reject)
        poolOf(upstream).dispatch(
          {
            path,
            method: method as Dispatcher.HttpMethod,
            headers: [...headers, 'Strangler-Mirror', '1'],
            body: body ?? null,
          },
          handler,
        )
      }),
    use(config) {
      upstreams = new Map(
        Object.entries(config.upstreams).map(([name, upstream]) => [name, urlsOf(upstream)]),
      )
      const wanted = new Set([...upstreams.values()].flat())
      for (const [url, pool] of pools)
        if (!wanted.has(url)) {
          pools.delete(url)
          pool.destroy().catch(() => {})
        }
    },
    async close() {
      await Promise.all([...pools.values()].map(pool => pool.destroy()))
    },
  }
}

class CopyHandler implements Dispatcher.DispatchHandler {
  readonly #clock: Clock
  readonly #resolve: (observation: Observation) => void
  readonly #reject: (error: Error) => void
  readonly #tap: ReplyTap
  readonly #timer: NodeJS.Timeout
  #since: number
  #controller: Dispatcher.DispatchController | undefined
  #late = false

  constructor(
    clock: Clock,
    timeoutMs: number,
    cap: number,
    resolve: (observation: Observation) => void,
    reject: (error: Error) => void,
  ) {
    this.#clock = clock
    this.#resolve = resolve
    this.#reject = reject
    this.#tap = new ReplyTap(cap)
    this.#since = clock.elapsed()
    this.#timer = setTimeout(() => {
      this.#late = true
      this.#controller?.abort(new Error('copy timed out'))
      reject(new Error(`no answer within ${timeoutMs} ms`))
    }, timeoutMs)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#since = this.#clock.elapsed()
    if (this.#late) controller.abort(new Error('copy timed out'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status >= 200) this.#tap.onHead(status, headers)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#tap.onData(chunk)
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer)
    this.#resolve(this.#tap.observation(this.#clock.elapsed() - this.#since))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.#timer)
    this.#reject(error)
  }
}
