import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { formatTraceparent, type TraceContext } from '@strangler/kit/trace-context.ts'
import type { RequestHead } from './request-head.ts'
import { type Edge, originHeaders } from './trusted-peers.ts'

/** RFC 9110 §7.6.1 and what belongs to one connection by custom. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'alt-svc',
]

/** Set by the proxy, so what a client sends under these names is not true. */
const ours = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-real-ip',
  'traceparent',
  'strangler-rehearsal',
  'strangler-side',
  'strangler-generation',
]

/**
 * Servers behind CGI-like gateways read X_Forwarded_For as X-Forwarded-For, and Transfer_Encoding as what frames a
 * message, so those spellings go as well.
 * `expect` is answered by the proxy; `trailer` would announce what is not sent.
 */
const requestDrops = new Set([
  ...hopByHop,
  ...ours,
  ...ours.map(name => name.replaceAll('-', '_')),
  'transfer_encoding',
  'content_length',
  'expect',
  'trailer',
])
const replyDrops = new Set([...hopByHop, 'strangler-side', 'strangler-generation'])

/** A client must not make the proxy drop these by naming them in Connection. */
const endToEnd = new Set([
  'authorization',
  'cookie',
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'soapaction',
  'idempotency-key',
  'strangler-mirror',
  'via',
])

/**
 * The request's headers as the upstream gets them: a flat list of names and values.
 * @param edge undefined where nobody in front of this proxy is trusted
 */
export function requestHeaders(
  request: IncomingMessage,
  head: RequestHead,
  trace: TraceContext,
  edge: Edge | undefined,
): string[] {
  const raw = request.rawHeaders
  const named = namedByConnection(head.connection)
  const headers: string[] = []
  let via = ''
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase()
    if (requestDrops.has(name) || named?.has(name)) continue
    if (name === 'via') via = via === '' ? raw[index + 1]! : `${via}, ${raw[index + 1]!}`
    else headers.push(raw[index]!, raw[index + 1]!)
  }
  headers.push(
    'Via',
    via === '' ? `${request.httpVersion} strangler` : `${via}, ${request.httpVersion} strangler`,
    'traceparent',
    formatTraceparent(trace),
  )
  if (edge !== undefined) {
    headers.push(...originHeaders(request, head.host, edge))
    return headers
  }
  headers.push(
    'X-Forwarded-For',
    request.socket.remoteAddress ?? '',
    'X-Forwarded-Proto',
    'encrypted' in request.socket ? 'https' : 'http',
  )
  if (head.host !== undefined) headers.push('X-Forwarded-Host', head.host)
  return headers
}

/** The reply's headers as the client gets them, flat, for `writeHead`. */
export function replyHeaders(from: IncomingHttpHeaders, extra: readonly string[]): string[] {
  const connection = from.connection
  const named = namedByConnection(typeof connection === 'string' ? connection : undefined)
  const headers: string[] = []
  let via = ''
  for (const name in from) {
    const value = from[name] as string | string[]
    if (replyDrops.has(name) || named?.has(name)) continue
    if (name === 'via') via = `${Array.isArray(value) ? value.join(', ') : value}, `
    else if (Array.isArray(value)) for (const one of value) headers.push(name, one)
    else headers.push(name, value)
  }
  headers.push('via', `${via}1.1 strangler`)
  for (const text of extra) headers.push(text)
  return headers
}

function namedByConnection(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  const names = connection.split(',').map(name => name.trim().toLowerCase())
  return new Set(names.filter(name => !endToEnd.has(name)))
}
