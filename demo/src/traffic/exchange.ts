import { Pool } from 'undici'

export type Protocol = 'rest' | 'soap'
export type Side = 'legacy' | 'extracted'

/** What one request came to, as its client saw it. `unknown`: no answer, so it may or may not have happened. */
export type Answer = {
  outcome: 'ok' | 'failed' | 'unknown'
  status: number
  side: Side | undefined
  ms: number
  text: string
}

export type Exchange = {
  rest(method: string, path: string, caller: string, body?: unknown, idempotencyKey?: string): Promise<Answer>
  soap(operation: string, body: string, caller: string): Promise<Answer>
  close(): Promise<void>
}

const answerWithinMs = 10_000

/** HTTP clients of the shop, as its customers run them: they know one URL and nothing of sides. */
export function createExchange(entryUrl: string): Exchange {
  const pool = new Pool(entryUrl, {
    connections: 48,
    pipelining: 1,
    headersTimeout: answerWithinMs,
    bodyTimeout: answerWithinMs,
  })

  async function send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string | undefined,
  ): Promise<Answer> {
    const began = performance.now()
    try {
      const reply = await pool.request({ method, path, headers, body: body ?? null })
      const text = await reply.body.text()
      const side = reply.headers['strangler-side'] as Side | undefined
      const outcome = reply.statusCode < 300 ? 'ok' : 'failed'
      return { outcome, status: reply.statusCode, side, ms: performance.now() - began, text }
    } catch (error) {
      return {
        outcome: 'unknown',
        status: 0,
        side: undefined,
        ms: performance.now() - began,
        text: String(error),
      }
    }
  }

  return {
    rest: (method, path, caller, body, idempotencyKey) => {
      const headers: Record<string, string> = { cookie: `sid=${caller}`, accept: 'application/json' }
      if (body !== undefined) headers['content-type'] = 'application/json'
      if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey
      return send(method, path, headers, body === undefined ? undefined : JSON.stringify(body))
    },
    soap: (operation, body, caller) =>
      send(
        'POST',
        '/soap',
        {
          cookie: `sid=${caller}`,
          'content-type': 'text/xml; charset=utf-8',
          soapaction: `"urn:shop:2009#${operation}"`,
        },
        `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${body}</soap:Body></soap:Envelope>`,
      ),
    close: () => pool.close(),
  }
}
