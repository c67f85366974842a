import { randomFillSync } from 'node:crypto'

/** W3C Trace Context, level 1: the part that travels in `traceparent`. */
export type TraceContext = { traceId: string; spanId: string; sampled: boolean }

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** The caller's context, or undefined where the header is absent or not valid (then a new trace starts). */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const match = header === undefined ? null : form.exec(header)
  if (match === null) return undefined
  const [, version, traceId, spanId, flags, rest] = match
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (/^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return undefined
  return { traceId: traceId!, spanId: spanId!, sampled: (Number.parseInt(flags!, 16) & 1) === 1 }
}

/** A span of its own: below `parent`, or the root of a new trace. */
export function childSpan(parent: TraceContext | undefined): TraceContext {
  const spanId = randomHex(8)
  return parent === undefined
    ? { traceId: randomHex(16), spanId, sampled: true }
    : { traceId: parent.traceId, spanId, sampled: parent.sampled }
}

/** Random bytes are drawn in bulk: one draw per request cost a sixth of a proxy's time. */
const pool = Buffer.alloc(8_192)
let used = pool.length

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}

export function formatTraceparent(context: TraceContext): string {
  return `00-${context.traceId}-${context.spanId}-${context.sampled ? '01' : '00'}`
}
