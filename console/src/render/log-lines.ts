import type { LogLine } from '../logs/log-line.ts'
import { textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { cutToWidth } from './text-width.ts'

/** Lines of several processes as one stream: when, how grave, who, what, and everything else that was said. */
export function logLines(lines: readonly LogLine[], paper: Paper): string {
  if (lines.length === 0) return 'No line was found.\n'
  const widest = Math.max(...lines.map(({ process }) => process.length))
  return lines.map(line => `${oneLogLine(line, widest, paper)}\n`).join('')
}

function oneLogLine(line: LogLine, widest: number, { width, paint }: Paper): string {
  const { process, at, level, message, traceId, fields } = line
  const time = new Date(at).toISOString().slice(11, 23)
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${textOf(value)}`)
  const trace = traceId === undefined ? [] : [`trace=${traceId}`]
  const said = oneLine([message, ...rest, ...trace].join('  '))
  const head = `${time} ${level.toUpperCase().padEnd(5)} ${process.padEnd(widest)}`
  const text = cutToWidth(said, Math.max(20, width - head.length - 1))
  const stroke =
    level === 'error' || level === 'fatal' ? paint.red : level === 'warn' ? paint.yellow : undefined
  return `${paint.dim(head)} ${stroke === undefined ? text : stroke(text)}`
}
