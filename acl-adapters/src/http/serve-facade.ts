import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Log } from '@strangler/kit/log.ts'
import { createMetrics, operationalEndpoints } from '@strangler/kit/operational-endpoints.ts'
import { isToolkitError, messageOf } from '@strangler/kit/toolkit-error.ts'
import { childSpan, parseTraceparent } from '@strangler/kit/trace-context.ts'
import { Histogram } from 'prom-client'
import type { FacadeAnswer, FacadeHandler, FacadeRequest } from './facade.ts'
import { readBody } from './read-body.ts'
import { sendParts } from './send-parts.ts'

/**
 * An HTTP server around a façade: health and metrics, limits on what a caller can send, one log line and one
 * measurement a request. A copy sent for comparison is told apart in the log only.
 */
export function createFacadeServer(facade: FacadeHandler, log: Log): Server {
  const metrics = createMetrics()
  const durations = new Histogram({
    name: 'strangler_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [metrics],
  })
  const operational = operationalEndpoints(metrics, () => [])
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const began = performance.now()
    const head = headOf(request)
    const answered = await answerOf(facade, request, head)
    response.on('close', () => {
      const ms = performance.now() - began
      const { status } = answered
      durations.observe({ method: head.method, route: answered.route, status }, ms / 1_000)
      if (answered.error === undefined && !log.isLevelEnabled('info')) return
      const line = {
        trace_id: head.trace.traceId,
        span_id: head.trace.spanId,
        method: head.method,
        path: head.path,
        route: answered.route,
        status,
        ms: Math.round(ms),
        ...(head.headers['strangler-mirror'] === '1' ? { mirror: true } : {}),
        ...(answered.error === undefined ? {} : { error: describe(answered.error) }),
      }
      if (status >= 500 && answered.error !== undefined) log.error(line, 'request')
      else log.info(line, 'request')
    })
    if (answered.parts === undefined) send(request, response, answered)
    else await sendParts(response, answered, answered.parts)
  }
  const server = createServer(
    { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 },
    (request, response) => {
      if (operational(request, response)) return
      answer(request, response).catch(error => {
        log.error({ error: messageOf(error) }, 'answering failed')
        response.destroy()
      })
    },
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy()
    const status =
      error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
    return socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  })
  return server
}

const noBody = Buffer.alloc(0)

function headOf(request: IncomingMessage): FacadeRequest {
  const target = request.url ?? '/'
  const mark = target.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
    headers: request.headers,
    body: noBody,
    trace: childSpan(parseTraceparent(request.headers.traceparent as string | undefined)),
  }
}

async function answerOf(
  facade: FacadeHandler,
  request: IncomingMessage,
  head: FacadeRequest,
): Promise<FacadeAnswer> {
  const body = await readBody(request, facade.bodyLimit(head.method, head.path))
  if (typeof body === 'string') return facade.refuse(body, head)
  head.body = body
  return facade.handle(head)
}

function send(request: IncomingMessage, response: ServerResponse, answer: FacadeAnswer): void {
  if (response.destroyed) return
  const content = answer.bytes ?? answer.body
  const bytes = Buffer.byteLength(content)
  const headers: OutgoingHttpHeaders = { ...(answer.headers as OutgoingHttpHeaders) }
  if (answer.status !== 204) headers['content-length'] = bytes
  // A body that was not read whole leaves the connection in an unknown place.
  if (!request.complete) headers.connection = 'close'
  response.writeHead(answer.status, headers)
  const sent = request.method === 'HEAD' ? '' : content
  // What is ASCII goes out in one piece with the head.
  response.end(sent, bytes === answer.body.length ? 'latin1' : 'utf8', () => {
    if (!request.complete) setTimeout(() => request.socket.destroy(), 100).unref()
  })
}

function describe(error: unknown) {
  return isToolkitError(error)
    ? {
        code: error.code,
        message: error.message,
        cause: error.cause === undefined ? undefined : messageOf(error.cause),
      }
    : { message: messageOf(error), stack: error instanceof Error ? error.stack : undefined }
}
