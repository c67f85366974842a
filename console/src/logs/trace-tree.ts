import { numberOf } from '../render/json-fields.ts'
import type { LogLine } from './log-line.ts'

/** Something that took its time in a trace, or, without a duration, something that was noted in it. */
export type Span = {
  id: string | undefined
  parentId: string | undefined
  process: string
  name: string
  /** Milliseconds since the epoch. */
  start: number
  ms: number
  failed: boolean
}

export type SpanNode = Span & { depth: number }

/** Clocks of processes on one machine agree to this many ms; log lines are written when a span has ended. */
const slackMs = 2

/** The spans that the lines of one trace tell of: what has a duration, and warnings and errors at their moment. */
export function spansOf(lines: readonly LogLine[]): Span[] {
  return lines.flatMap(line => {
    const { fields, at, level, process } = line
    const ms = numberOf(fields.ms)
    const grave = level === 'warn' || level === 'error' || level === 'fatal'
    if (ms === undefined && !grave) return []
    return [
      {
        id: ms === undefined ? undefined : textIn(fields.span_id),
        parentId: ms === undefined ? textIn(fields.span_id) : textIn(fields.parent_span_id),
        process,
        name: nameOf(line),
        start: at - (ms ?? 0),
        ms: ms ?? 0,
        failed: grave || fields.failed !== undefined || Number(fields.status) >= 500,
      },
    ]
  })
}

/**
 * Spans in the order of a waterfall: each below the one that it belongs to, siblings by their beginning. One whose parent
 * wrote no line belongs to the shortest span that was going on during all of it, and to none where there is none.
 */
export function orderSpans(spans: readonly Span[]): SpanNode[] {
  const known = new Map(spans.flatMap(span => (span.id === undefined ? [] : [[span.id, span]])))
  const children = new Map<Span | undefined, Span[]>()
  for (const span of spans) {
    const told = span.parentId === undefined ? undefined : known.get(span.parentId)
    const parent = told !== undefined && told !== span ? told : enclosing(span, spans)
    children.set(parent, [...(children.get(parent) ?? []), span])
  }
  const ordered: SpanNode[] = []
  const seen = new Set<Span>()
  const add = (parent: Span | undefined, depth: number) => {
    const below = children.get(parent) ?? []
    for (const span of below.sort((a, b) => a.start - b.start || b.ms - a.ms)) {
      if (seen.has(span)) continue
      seen.add(span)
      ordered.push({ ...span, depth })
      add(span, depth + 1)
    }
  }
  add(undefined, 0)
  // Spans that name each other as parents hang on nothing: they are shown all the same.
  for (const span of spans) if (!seen.has(span)) ordered.push({ ...span, depth: 0 })
  return ordered
}

function enclosing(span: Span, spans: readonly Span[]): Span | undefined {
  let found: Span | undefined
  for (const other of spans) {
    const around =
      other.id !== undefined &&
      other.ms > span.ms + slackMs &&
      other.start <= span.start + slackMs &&
      other.start + other.ms >= span.start + span.ms - slackMs
    if (around && (found === undefined || other.ms < found.ms)) found = other
  }
  return found
}

function nameOf({ fields, message }: LogLine): string {
  const what = textIn(fields.what)
  if (what !== undefined) return what
  const method = textIn(fields.method)
  // A route may be told with the method that it matches, or `ANY`: then the path says more.
  const route = textIn(fields.route)
  const path = route === undefined || /^[A-Z]+ /.test(route) ? textIn(fields.path) : route
  const request = [method, textIn(fields.operation) ?? path].filter(part => part !== undefined).join(' ')
  return numberOf(fields.ms) === undefined || request === '' ? message : request
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
