import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Dispatcher, Pool } from 'undici'
import { ReplyCollector } from './reply-collector.ts'

export type HttpRequest = {
  method: string
  path: string
  headers: Record<string, string>
  body?: string | Buffer
  /** Instead of the exchange's own limit on the time to the end of the reply. */
  timeoutMs?: number
  /** Bytes after which a reply is given in parts; it is given whole, within the exchange's limit, where absent. */
  partsAbove?: number
}

export type HttpReply = {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  /** What comes after `body`, for a reply given in parts. Whoever gets it reads or cancels it. */
  rest?: ReplyRest
}

export type ReplyRest = {
  /** No more is read from the upstream than is asked for. Throws as `send`. */
  parts: AsyncGenerator<Buffer>
  cancel(): void
}

export type HttpExchange = {
  /**
   * Sends one request and reads the whole reply. Nothing is retried.
   * @throws ToolkitError UPSTREAM_UNREACHABLE (not sent), UPSTREAM_TIMEOUT and UPSTREAM_CLOSED (sent: whether it
   * took effect is not known), UPSTREAM_REPLY_TOO_LARGE, UPSTREAM_REPLY_ENCODED
   */
  send(request: HttpRequest): Promise<HttpReply>
  close(): Promise<void>
}

export type ExchangeLimits = {
  connectMs: number
  totalMs: number
  connections: number
  replyBytes: number
}

export const defaultLimits: ExchangeLimits = {
  connectMs: 2_000,
  totalMs: 10_000,
  connections: 128,
  replyBytes: 10 * 1024 * 1024,
}

/** How long calls under way may still take when the exchange is closed. */
const closeMs = 5_000

const notSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/**
 * A keep-alive pool to one upstream.
 * @param url its origin; a path in it stands before every request's path
 */
export function createHttpExchange(url: string, limits: ExchangeLimits = defaultLimits): HttpExchange {
  const { origin, pathname } = new URL(url)
  const base = pathname.replace(/\/$/, '')
  const pool = new Pool(origin, {
    connections: limits.connections,
    connect: { timeout: limits.connectMs },
    // One timer a request, for all of it, is enough.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  return {
    async close() {
      const cut = setTimeout(() => void pool.destroy(), closeMs)
      await pool.close()
      clearTimeout(cut)
    },
    send: ({ method, path, headers, body, timeoutMs = limits.totalMs, partsAbove }) =>
      new Promise((resolve, reject) => {
        const collected = {
          timeoutMs,
          wholeBytes: limits.replyBytes,
          partsAbove: partsAbove ?? Number.POSITIVE_INFINITY,
        }
        const explainHere = (error: unknown) => explain(error, origin, timeoutMs)
        const collector = new ReplyCollector(collected, resolve, reject, explainHere)
        try {
          pool.dispatch(
            { method: method as Dispatcher.HttpMethod, path: base + path, headers, body: body ?? null },
            collector,
          )
        } catch (error) {
          collector.onResponseError(undefined, error as Error)
        }
      }),
  }
}

function explain(error: unknown, origin: string, timeoutMs: number): ToolkitError {
  if (error instanceof ToolkitError) return error
  const { code = '', name = '' } = error as { code?: string; name?: string }
  if (notSent.has(code))
    return new ToolkitError('UPSTREAM_UNREACHABLE', `${origin} does not answer (${code})`, { cause: error })
  if (name === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return new ToolkitError('UPSTREAM_TIMEOUT', `${origin} has not answered within ${timeoutMs} ms`, {
      cause: error,
      details: { totalMs: timeoutMs },
    })
  return new ToolkitError('UPSTREAM_CLOSED', `${origin} closed the connection before its answer was whole`, {
    cause: error,
  })
}
