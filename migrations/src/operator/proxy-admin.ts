import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { Agent, request } from 'undici'
import type { Side } from '../journal/capability-state.ts'

export type Stage = 'legacy' | 'shadow' | 'canary' | 'extracted' | 'retired'
export type Verdict = 'insufficient' | 'fail' | 'pass'

export type RouteChange = {
  capability: string
  stage?: Stage
  writes?: Side
  percent?: number
  epoch?: number
}

export type ComparisonSummary = {
  samples: number
  matched: number
  ignored: number
  diverged: number
  errors: number
  /** Reads for which legacy differed from itself, of `noiseSamples` that asked it twice. */
  noise: number
  noiseSamples: number
  /** Share that diverged less the share that is noise, with its bounds. */
  divergence: { share: number; low: number; high: number }
  verdict: Verdict
  /** What the verdict rests on, in a sentence. */
  why: string
}

export type RouteComparison = ComparisonSummary & { route: string }
export type DivergenceFigure = {
  route: string
  path: string
  count: number
  legacy: unknown
  extracted: unknown
  traceId: string | null
}
export type Comparisons = ComparisonSummary & { routes: RouteComparison[]; divergences: DivergenceFigure[] }

export type ProxyCapability = {
  name: string
  stage: Stage
  writes: Side
  data: 'synced' | 'none'
  percent: number
  hold: null | { epoch: number; sinceMs: number; parked: number; leaseLeftMs: number }
  comparison: ComparisonSummary
  /** Requests served so far, by side and effect. */
  traffic?: Record<Side, { read: number; write: number; failed: number }>
}

export type ProxyStatus = {
  generation: number
  hash: string
  problems: { path: string; message: string; line?: number }[]
  capabilities: ProxyCapability[]
}

export type HoldWaits = { p50Ms: number; p99Ms: number; maxMs: number }
export type Released = { released: number; expired: number; waits: HoldWaits }

/** One proxy's admin API. Every call throws ToolkitError PROXY_SILENT when no answer came, PROXY_REFUSED with the proxy's code. */
export type ProxyAdmin = {
  url: string
  status(signal?: AbortSignal): Promise<ProxyStatus>
  change(
    changes: readonly RouteChange[],
    by: string,
    reason: string,
    signal?: AbortSignal,
  ): Promise<{ generation: number; hash: string }>
  hold(capability: string, epoch: number, leaseMs: number, signal?: AbortSignal): Promise<void>
  /** Answers once no write is in flight, at the latest after `withinMs`. */
  drained(
    capability: string,
    withinMs: number,
    signal?: AbortSignal,
  ): Promise<{ inflight: number; parked: number }>
  renew(capability: string, epoch: number, leaseMs: number, signal?: AbortSignal): Promise<void>
  /** A hold that is already gone answers as empty. */
  release(capability: string, epoch: number, signal?: AbortSignal): Promise<Released>
  comparisons(capability: string, signal?: AbortSignal): Promise<Comparisons>
  close(): Promise<void>
}

const answerWithinMs = 10_000

/**
 * @param url of the admin API; `token` is sent as bearer
 * @param address where it is reached, if not there
 */
export function createProxyAdmin(url: string, token: string, address = url): ProxyAdmin {
  const agent = new Agent({ connections: 8, keepAliveTimeout: 30_000, connect: { timeout: 2_000 } })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

  async function call<T>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
    withinMs = answerWithinMs,
  ): Promise<T> {
    let reply: Awaited<ReturnType<typeof request>>
    let text: string
    try {
      reply = await request(new URL(path, address), {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        dispatcher: agent,
        headersTimeout: withinMs,
        bodyTimeout: withinMs,
        signal: signal ?? null,
      })
      text = await reply.body.text()
    } catch (error) {
      signal?.throwIfAborted()
      throw new ToolkitError('PROXY_SILENT', `the proxy at ${url} gave no answer: ${messageOf(error)}`, {
        details: { url },
        hint: 'see whether that proxy runs and STRANGLER_PROXIES names its admin address',
        cause: error,
      })
    }
    if (reply.statusCode < 300) return JSON.parse(text) as T
    throw refused(url, reply.statusCode, text)
  }

  const holdPath = (capability: string) => `/admin/holds/${encodeURIComponent(capability)}`
  return {
    url,
    status: signal => call('GET', '/admin/status', undefined, signal),
    change: (changes, by, reason, signal) =>
      call('POST', '/admin/generations', { changes, by, reason }, signal),
    hold: async (capability, epoch, leaseMs, signal) => {
      await call('POST', '/admin/holds', { capability, epoch, leaseMs }, signal)
    },
    drained: (capability, withinMs, signal) =>
      call(
        'GET',
        `${holdPath(capability)}?drainedWithinMs=${Math.max(1, Math.round(withinMs))}`,
        undefined,
        signal,
        withinMs + 2_000,
      ),
    renew: async (capability, epoch, leaseMs, signal) => {
      await call('PUT', holdPath(capability), { epoch, leaseMs }, signal)
    },
    release: async (capability, epoch, signal) => {
      try {
        return await call<Released>('DELETE', `${holdPath(capability)}?epoch=${epoch}`, undefined, signal)
      } catch (error) {
        if (!(error instanceof ToolkitError) || error.details.status !== 404) throw error
        return { released: 0, expired: 0, waits: { p50Ms: 0, p99Ms: 0, maxMs: 0 } }
      }
    },
    comparisons: (capability, signal) =>
      call('GET', `/admin/comparisons/${encodeURIComponent(capability)}`, undefined, signal),
    close: () => agent.close(),
  }
}

function refused(url: string, status: number, text: string): ToolkitError {
  let body: { code?: unknown; message?: unknown; detail?: unknown; problems?: unknown } = {}
  try {
    body = JSON.parse(text) as typeof body
  } catch {
    // The status alone says enough.
  }
  const code = typeof body.code === 'string' ? body.code : `HTTP_${status}`
  const said = [body.message, body.detail].find(part => typeof part === 'string') ?? ''
  return new ToolkitError('PROXY_REFUSED', `the proxy at ${url} refused (${code}) ${said}`.trim(), {
    details: { url, status, code, ...(body.problems === undefined ? {} : { problems: body.problems }) },
    hint: status === 401 ? 'engine and proxy must have the same STRANGLER_TOKEN' : 'see strangler status',
  })
}
