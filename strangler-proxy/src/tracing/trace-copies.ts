import type { Clock } from '@strangler/kit/clock.ts'
import { childSpan, formatTraceparent, parseTraceparent } from '@strangler/kit/trace-context.ts'
import type { Ask } from '../comparison/mirror.ts'
import type { SpanExporter } from './span-exporter.ts'

/** Gives every copy a span of its own below that of the request it is a copy of. */
export function traceCopies(ask: Ask, spans: SpanExporter, clock: Pick<Clock, 'now' | 'elapsed'>): Ask {
  return async (upstream, copy) => {
    const at = copy.headers.indexOf('traceparent') + 1
    const parent = parseTraceparent(copy.headers[at])
    if (at === 0 || parent === undefined) return ask(upstream, copy)
    const context = childSpan(parent)
    const since = clock.elapsed()
    const startMs = clock.now()
    let status: number | undefined
    try {
      const headers = copy.headers.with(at, formatTraceparent(context))
      const observation = await ask(upstream, { ...copy, headers })
      status = observation.status
      return observation
    } finally {
      spans.add({
        context,
        parentSpanId: parent.spanId,
        name: `copy to ${upstream}`,
        kind: 'client',
        startMs,
        endMs: startMs + clock.elapsed() - since,
        failed: status === undefined,
        attributes: {
          'http.request.method': copy.method,
          'http.response.status_code': status,
          'strangler.upstream': upstream,
        },
      })
    }
  }
}
