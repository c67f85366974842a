import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { TraceContext } from '@strangler/kit/trace-context.ts'
import { Pool } from 'undici'

/** Where spans go: a collector that speaks OTLP over HTTP. */
export type TracingOptions = {
  /** As OTEL_EXPORTER_OTLP_ENDPOINT says it: `/v1/traces` is added. */
  endpoint: string
  headers: Readonly<Record<string, string>>
  service: string
}

/** What one span tells. Times are wall clock, milliseconds since the epoch. */
export type Span = {
  context: TraceContext
  parentSpanId: string | undefined
  name: string
  kind: 'server' | 'client'
  startMs: number
  endMs: number
  failed: boolean
  attributes: Readonly<Record<string, string | number | undefined>>
}

export type SpanExporter = {
  /** Never waits: what finds no room is dropped and counted. */
  add(span: Span): void
  dropped(): Readonly<Record<'queue-full' | 'not-taken', number>>
  /** Sends what is left, for a moment. */
  close(): Promise<void>
}

const maxQueued = 4_096
const maxBatch = 512
const everyMs = 1_000
const timeoutMs = 5_000
const closeMs = 1_000
const kinds = { server: 2, client: 3 }

/** Sends spans in batches, one batch at a time, on a connection of its own. A collector that is away costs spans only. */
export function createSpanExporter({ endpoint, headers, service }: TracingOptions, log: Log): SpanExporter {
  const url = new URL(endpoint)
  const pool = new Pool(url.origin, { connections: 1, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
  const path = `${url.pathname.replace(/\/$/, '')}/v1/traces`
  const drops = { 'queue-full': 0, 'not-taken': 0 }
  let queue: Span[] = []
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | undefined
  let failing = false

  async function send(spans: readonly Span[]): Promise<void> {
    try {
      const { statusCode, body } = await pool.request({
        path,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(documentOf(service, spans)),
        signal: AbortSignal.timeout(timeoutMs),
      })
      await body.dump()
      if (statusCode >= 300) throw new Error(`status ${statusCode}`)
      failing = false
    } catch (error) {
      drops['not-taken'] += spans.length
      if (!failing) log.warn({ cause: messageOf(error) }, 'the collector takes no spans')
      failing = true
    }
  }

  async function sendAll(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.slice(0, maxBatch)
      queue = queue.slice(maxBatch)
      await send(batch)
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    sending ??= sendAll().finally(() => {
      sending = undefined
    })
    return sending
  }

  return {
    add(span) {
      if (!span.context.sampled) return
      if (queue.length >= maxQueued) {
        drops['queue-full']++
        return
      }
      queue.push(span)
      if (queue.length >= maxBatch) void flush()
      else if (timer === undefined) {
        timer = setTimeout(() => void flush(), everyMs)
        timer.unref()
      }
    },
    dropped: () => drops,
    async close() {
      const late = new AbortController()
      await Promise.race([flush(), delay(closeMs, undefined, { signal: late.signal }).catch(() => {})])
      late.abort()
      await pool.destroy()
    },
  }
}

/** OTLP 1.x in its JSON form: ids in hex, 64-bit numbers as text. */
function documentOf(service: string, spans: readonly Span[]) {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': service }) },
        scopeSpans: [{ scope: { name: 'strangler-proxy' }, spans: spans.map(describe) }],
      },
    ],
  }
}

function describe({ context, parentSpanId, name, kind, startMs, endMs, failed, attributes }: Span) {
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanosecondsOf(startMs),
    endTimeUnixNano: nanosecondsOf(endMs),
    attributes: attributesOf(attributes),
    status: failed ? { code: 2 } : {},
  }
}

function attributesOf(attributes: Span['attributes']) {
  return Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined) return []
    return [{ key, value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) } }]
  })
}

/** A double does not hold nanoseconds since the epoch. */
function nanosecondsOf(ms: number): string {
  const whole = Math.floor(ms)
  return `${whole}${String(Math.floor((ms - whole) * 1e6)).padStart(6, '0')}`
}
