import type { TraceContext } from '@strangler/kit/trace-context.ts'

/**
 * What was done in a span: `request` (answered), `call` (of another process), `publish` and `consume` (of a message),
 * `step` (of a saga), `action` (of business, for the audit).
 */
export type SpanKind = 'request' | 'call' | 'publish' | 'consume' | 'step' | 'action'

/**
 * The members of a log line that tell of a span that has ended: `strangler trace` draws them. The line's own time is the
 * span's end.
 * @param ms how long it took
 */
export function spanLine(
  kind: SpanKind,
  name: string,
  span: TraceContext,
  parent: TraceContext | undefined,
  ms: number,
): Record<string, unknown> {
  return {
    span: kind,
    what: name,
    trace_id: span.traceId,
    span_id: span.spanId,
    ...(parent === undefined ? {} : { parent_span_id: parent.spanId }),
    ms: Math.round(ms * 10) / 10,
  }
}
