import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { Pool } from 'undici'

export type HttpRequest = {
  method: string
  path: string
  headers: Record<string, string>
  body?: string
  /** Instead of the exchange's own limit on the time to the end of the reply. */
  timeoutMs?: number
}

export type HttpReply = {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
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
  })
  return {
    async close() {
      const cut = setTimeout(() => void pool.destroy(), closeMs)
      await pool.close()
      clearTimeout(cut)
    },
    async send({ method, path, headers, body, timeoutMs = limits.totalMs }) {
      const signal = AbortSignal.timeout(timeoutMs)
      try {
        const reply = await pool.request({
          method,
          path: base + path,
          headers,
          signal,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          ...(body === undefined ? {} : { body }),
        })
        // A body that is given up emits an error of its own, which nobody waits for.
        reply.body.on('error', () => {})
        const encoding = reply.headers['content-encoding']
        if (encoding !== undefined && encoding !== 'identity') {
          reply.body.destroy()
          throw new ToolkitError('UPSTREAM_REPLY_ENCODED', `the reply has content-encoding ${encoding}`)
        }
        return { status: reply.statusCode, headers: reply.headers, body: await readWhole(reply.body, limits) }
      } catch (error) {
        throw explain(error, origin, timeoutMs)
      }
    },
  }
}

async function readWhole(body: AsyncIterable<Buffer>, limits: ExchangeLimits): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    // Leaving the loop destroys the stream and with it the connection.
    if (size > limits.replyBytes)
      throw new ToolkitError('UPSTREAM_REPLY_TOO_LARGE', `the reply has more than ${limits.replyBytes} bytes`)
    chunks.push(chunk)
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)
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
