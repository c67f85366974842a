import type { SpanNode } from '../logs/trace-tree.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { counted, duration } from './quantities.ts'
import { cutToWidth, textWidth } from './text-width.ts'

/** Where lines are not cut: wide enough for a name and a bar. */
const ordinaryWidth = 120
const narrowestBar = 10

/** A trace: one line a span, indented below what it belongs to, with a bar from its beginning to its end. */
export function waterfall(traceId: string, spans: readonly SpanNode[], { width, paint }: Paper): string {
  const begin = Math.min(...spans.map(({ start }) => start))
  const end = Math.max(...spans.map(({ start, ms }) => start + ms))
  const processes = new Set(spans.map(({ process }) => process))
  const names = spans.map(({ name, depth }) => `${'  '.repeat(depth)}${oneLine(name)}`)
  const times = spans.map(({ ms }) => duration(ms))
  const columns = {
    process: Math.max(...[...processes].map(textWidth)),
    time: Math.max(...times.map(textWidth)),
  }
  const available = (Number.isFinite(width) ? width : ordinaryWidth) - columns.process - columns.time - 6
  const name = Math.min(Math.max(...names.map(textWidth)), Math.max(12, Math.floor(available * 0.55)))
  const bar = Math.max(narrowestBar, available - name)
  const head =
    `trace ${traceId}\n` +
    `${new Date(begin).toISOString()}, ${duration(end - begin)}, ` +
    `${counted(spans.length, 'span')} in ${counted(processes.size, 'process', 'processes')}\n\n`
  const rows = spans.map((span, index) => {
    const drawn = barOf(span, begin, Math.max(end - begin, 1), bar)
    const painted = span.failed ? paint.red(drawn) : drawn
    return [
      paint.dim(pad(span.process, columns.process)),
      pad(cutToWidth(names[index]!, name), name),
      painted,
      `${' '.repeat(columns.time - textWidth(times[index]!))}${times[index]!}${span.failed ? ' failed' : ''}`,
    ].join('  ')
  })
  return `${head}${rows.join('\n')}\n`
}

/** What has no duration is a point. */
function barOf({ start, ms }: SpanNode, begin: number, whole: number, width: number): string {
  const from = Math.min(width - 1, Math.floor(((start - begin) / whole) * width))
  const length = Math.max(1, Math.min(width - from, Math.round((ms / whole) * width)))
  const drawn = ms === 0 ? '·' : '█'.repeat(length)
  return `${' '.repeat(from)}${drawn}`.padEnd(width)
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}
