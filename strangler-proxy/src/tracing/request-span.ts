import type { IncomingMessage } from 'node:http'
import { parseTraceparent, type TraceContext } from '@strangler/kit/trace-context.ts'
import type { ForwardEnd } from '../forwarding/forward.ts'
import type { Decision } from '../routing/decide.ts'
import type { Passage } from '../serve-request.ts'
import type { Span } from './span-exporter.ts'

/**
 * A request as a span. Its name is that of the route, so that names stay few; no query and no header goes along,
 * because both hold what is nobody's business.
 * @param endMs wall clock @param ms how long it took
 */
export function requestSpan(
  { request, head, target, trace, soap }: Passage,
  generation: number,
  decision: Decision | undefined,
  side: string,
  end: ForwardEnd,
  endMs: number,
  ms: number,
): Span {
  const { route } = decision ?? {}
  const method = request.method ?? 'GET'
  return {
    context: trace,
    parentSpanId: parseTraceparent(head.traceparent)?.spanId,
    name: route?.id ?? method,
    kind: 'server',
    startMs: endMs - ms,
    endMs,
    failed: end.status >= 500 || (end.outcome !== 'replied' && end.outcome !== 'aborted'),
    attributes: {
      'http.request.method': method,
      'url.path': target.path,
      'http.route': route?.id,
      'http.response.status_code': end.status === 0 ? undefined : end.status,
      'strangler.capability': route?.capability.name,
      'strangler.effect': route?.effect,
      'strangler.side': side,
      'strangler.outcome': end.outcome,
      'strangler.generation': generation,
      'strangler.operation': soap?.operation,
    },
  }
}

/** A request that went nowhere. Its target is left out: what it means was in doubt. */
export function refusalSpan(
  request: IncomingMessage,
  context: TraceContext,
  status: number,
  nowMs: number,
): Span {
  const method = request.method ?? 'GET'
  const { traceparent } = request.headers
  return {
    context,
    parentSpanId: parseTraceparent(typeof traceparent === 'string' ? traceparent : undefined)?.spanId,
    name: method,
    kind: 'server',
    startMs: nowMs,
    endMs: nowMs,
    failed: status >= 500,
    attributes: {
      'http.request.method': method,
      'http.response.status_code': status,
      'strangler.outcome': 'refused-by-proxy',
    },
  }
}
