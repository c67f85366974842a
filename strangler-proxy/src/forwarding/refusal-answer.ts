import type { ServerResponse } from 'node:http'
import type { SoapVersion } from '../routing/soap-operation.ts'

/** Why the proxy itself answers instead of an upstream. `type` is stable: programs match on it. */
export type ProxyAnswer = {
  status: number
  type: string
  title: string
  detail: string
  retryAfterSeconds?: number
}

/** Answers of the proxy that have no numbers in them. */
export const answers = {
  upstreamRefused: answer(502, 'upstream-refused', 'Upstream refused', 'the upstream could not be reached'),
  upstreamBroken: answer(502, 'upstream-broken', 'Upstream broken', 'the upstream gave no valid reply'),
  upstreamTimeout: answer(504, 'upstream-timeout', 'Upstream timeout', 'the upstream did not reply in time'),
  upstreamResting: {
    ...answer(503, 'upstream-unavailable', 'Upstream unavailable', 'the upstream failed too often'),
    retryAfterSeconds: 1,
  },
  noInstance: {
    ...answer(503, 'no-instance', 'No instance', 'no server of the upstream is known'),
    retryAfterSeconds: 1,
  },
  upstreamFull: {
    ...answer(503, 'upstream-full', 'Upstream full', 'the upstream has as many requests as it may have'),
    retryAfterSeconds: 1,
  },
  bodyTooLarge: answer(413, 'body-too-large', 'Body too large', 'the body is over the configured limit'),
  bodyTooSlow: answer(
    408,
    'body-too-slow',
    'Body too slow',
    'the body arrives slower than the configured rate',
  ),
  holdFull: {
    ...answer(503, 'write-held', 'Writes are held', 'no more writes can wait while the write owner moves'),
    retryAfterSeconds: 1,
  },
  legacyGone: answer(410, 'legacy-gone', 'Legacy side gone', 'the legacy side of this route is retired'),
} as const satisfies Record<string, ProxyAnswer>

/** A request that is refused because it can be read in two ways, or breaks a limit. */
export function badRequest(detail: string, status = 400): ProxyAnswer {
  return answer(status, 'ambiguous-request', 'Request refused', detail)
}

/**
 * Answers in the client's language: problem+json (RFC 9457), or a SOAP fault of its version.
 * @param closing whether the connection is closed, as it must be when the framing is in doubt
 */
export function sendAnswer(
  response: ServerResponse,
  reply: ProxyAnswer,
  soap: SoapVersion | undefined,
  traceId: string,
  closing: boolean,
): void {
  if (response.headersSent || response.destroyed) return
  const body = Buffer.from(soap === undefined ? problem(reply, traceId) : fault(reply, soap))
  response.statusCode = reply.status
  response.setHeader('content-type', contentTypes[soap ?? 'rest'])
  response.setHeader('content-length', body.length)
  if (reply.retryAfterSeconds !== undefined) response.setHeader('retry-after', reply.retryAfterSeconds)
  if (closing) response.setHeader('connection', 'close')
  response.end(body)
}

const contentTypes = {
  rest: 'application/problem+json',
  '1.1': 'text/xml; charset=utf-8',
  '1.2': 'application/soap+xml; charset=utf-8',
}

function answer(status: number, type: string, title: string, detail: string): ProxyAnswer {
  return { status, type: `urn:problem:${type}`, title, detail }
}

function problem(reply: ProxyAnswer, traceId: string): string {
  const { type, title, status, detail } = reply
  return JSON.stringify({ type, title, status, detail, traceId })
}

function fault(reply: ProxyAnswer, version: SoapVersion): string {
  const text = escapeXml(`${reply.title}: ${reply.detail}`)
  if (version === '1.1')
    return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultcode>soap:${reply.status < 500 ? 'Client' : 'Server'}</faultcode><faultstring>${text}</faultstring></soap:Fault></soap:Body></soap:Envelope>`
  return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body><soap:Fault><soap:Code><soap:Value>soap:${reply.status < 500 ? 'Sender' : 'Receiver'}</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">${text}</soap:Text></soap:Reason></soap:Fault></soap:Body></soap:Envelope>`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
