import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '@strangler/kit/clock.ts'
import { type Dispatcher, Pool } from 'undici'
import type { Config, UpstreamConfig } from '../config/config-schema.ts'
import { parseHostPolicy, withHost } from '../forwarding/host-policy.ts'
import { type Observation, ReplyTap } from '../forwarding/reply-tap.ts'
import type { UpstreamSources } from '../forwarding/upstream-sources.ts'
import type { Ask } from './mirror.ts'

export type CopyPools = {
  ask: Ask
  /** Follows the upstreams of a new generation. */
  use(config: Config): void
  close(): Promise<void>
}

type Asked = { urls: readonly string[]; upstream: UpstreamConfig }

function poolKey(url: string, { tls }: UpstreamConfig): string {
  return tls === undefined ? url : `${url} ${JSON.stringify(tls)}`
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
  sources: UpstreamSources,
): CopyPools {
  const pools = new Map<string, Pool>()
  let upstreams: ReadonlyMap<string, Asked> = new Map()
  let turn = 0

  /** @throws where the upstream has no server */
  function next(name: string) {
    const { urls = [], upstream } = upstreams.get(name) ?? {}
    const url = urls[turn++ % urls.length]
    if (url === undefined || upstream === undefined) throw new Error(`upstream ${name} has no server`)
    const { hostname, host } = new URL(url)
    const policy = parseHostPolicy(upstream.host)
    return {
      pool: poolOf(poolKey(url, upstream), url, upstream),
      servername: hostname,
      headersFor: (headers: readonly string[]) =>
        policy === undefined ? headers : withHost(headers, policy, { authority: host }),
    }
  }

  function poolOf(key: string, url: string, upstream: UpstreamConfig): Pool {
    let pool = pools.get(key)
    if (pool === undefined) {
      pool = new Pool(url, {
        connections,
        pipelining: 1,
        connect: sources.connect(url, upstream, timeoutMs),
        headersTimeout: 0,
        bodyTimeout: 0,
        allowH2: false,
      })
      pools.set(key, pool)
    }
    return pool
  }

  return {
    ask: (upstream, { method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const { pool, servername, headersFor } = next(upstream)
        const handler = new CopyHandler(clock, timeoutMs, cap, resolve, reject)
        pool.dispatch(
          {
            path,
            method: method as Dispatcher.HttpMethod,
            headers: [...headersFor(headers), 'Strangler-Mirror', '1'],
            body: body ?? null,
            servername,
          } as Dispatcher.DispatchOptions,
          handler,
        )
      }),
    use(config) {
      upstreams = new Map(
        Object.entries(config.upstreams).map(([name, upstream]) => [
          name,
          { urls: sources.locate(name, upstream), upstream },
        ]),
      )
      const wanted = new Set(
        [...upstreams.values()].flatMap(({ urls, upstream }) => urls.map(url => poolKey(url, upstream))),
      )
      for (const [key, pool] of pools)
        if (!wanted.has(key)) {
          pools.delete(key)
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
