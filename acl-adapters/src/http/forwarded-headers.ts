import type { IncomingHttpHeaders } from 'node:http'
import { childSpan, formatTraceparent, type TraceContext } from '@strangler/kit/trace-context.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

const requestHeaders = new Set(['cookie', 'authorization', 'idempotency-key', 'tracestate'])
const answerHeaders = new Set(['retry-after', 'set-cookie', 'idempotency-replayed'])

/** The caller's headers that go upstream, and the trace as a child span. */
export function headersUpstream(headers: IncomingHttpHeaders, trace: TraceContext): Record<string, string> {
  const kept: Record<string, string> = { traceparent: formatTraceparent(childSpan(trace)) }
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string' && (requestHeaders.has(name) || name.startsWith('strangler-')))
      kept[name] = value
  return kept
}

/** The upstream's headers that go back to the caller. */
export function headersBack(headers: Headers): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && (answerHeaders.has(name) || name.startsWith('strangler-'))) kept[name] = value
  return kept
}
