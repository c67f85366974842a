import type { Log } from '@strangler/kit/log.ts'
import { childSpan, parseTraceparent, type TraceContext } from '@strangler/kit/trace-context.ts'
import type { RequestHandler, Response } from 'express'
import { Histogram, type Registry } from 'prom-client'
import { spanLine } from '../telemetry/span-line.ts'

const traces = new WeakMap<Response, TraceContext>()

/** The span of the request that `response` answers. */
export function traceOf(response: Response): TraceContext {
  const known = traces.get(response)
  if (known !== undefined) return known
  const trace = childSpan(undefined)
  traces.set(response, trace)
  return trace
}

/**
 * One log line and one measurement per request, when it has been answered or its caller has gone.
 * Labels name the route's template: a raw path would make a time series of every customer.
 */
export function requestLog(log: Log, metrics: Registry): RequestHandler {
  const durations = new Histogram({
    name: 'strangler_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [metrics],
  })
  return (request, response, next) => {
    const began = performance.now()
    const caller = parseTraceparent(request.get('traceparent'))
    const span = childSpan(caller)
    traces.set(response, span)
    response.on('close', () => {
      const ms = performance.now() - began
      const route = typeof request.route?.path === 'string' ? request.route.path : 'none'
      const method = request.method
      const { statusCode: status, writableFinished } = response
      durations.observe({ method, route, status: writableFinished ? status : 0 }, ms / 1000)
      const line = {
        ...spanLine('request', `${method} ${route}`, span, caller, ms),
        method,
        path: request.path,
        status,
      }
      if (!writableFinished) log.warn(line, 'caller gone before the answer')
      else if (status >= 500) log.error(line, 'request')
      else log.info(line, 'request')
    })
    next()
  }
}
