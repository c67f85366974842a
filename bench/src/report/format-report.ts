import { cpus } from 'node:os'
import type { Bar, Figure, Report } from './benchmark.ts'

export function formatReport(name: string, report: Report): string {
  const { figures, bars, notes } = report
  const lines = [
    `bench ${name} · node ${process.version} · ${cpus().length} cores · ${cpus()[0]?.model ?? ''}`,
    '',
    row(['contender', 'req/s', 'p50 ms', 'p99 ms', 'cpu µs/req', 'errors']),
    ...figures.map(figureRow),
    '',
    ...bars.map(barLine),
    '',
    ...notes,
  ]
  const short = shortfalls(report)
  lines.push(
    short.length === 0
      ? 'every bar is met'
      : `${short.length} of ${bars.length} bars missed: ${short.join('; ')}`,
  )
  return `${lines.join('\n')}\n`
}

/** The bars that were measured and missed, by name. */
export function shortfalls({ bars }: Report): string[] {
  return bars.filter(bar => bar.skipped === undefined && !meets(bar)).map(bar => bar.name)
}

function meets({ value, op, bar }: Bar): boolean {
  return op === '>=' ? value >= bar : value <= bar
}

function barLine(bar: Bar): string {
  const { name, value, op, unit, skipped } = bar
  const sign = op === '>=' ? '≥' : '≤'
  if (skipped !== undefined) return `  –      ${name} (bar ${sign} ${bar.bar}${unit}): ${skipped}`
  return `  ${meets(bar) ? 'ok   ' : 'SHORT'}  ${name}: ${value.toFixed(2)}${unit} (bar ${sign} ${bar.bar}${unit})`
}

function figureRow(figure: Figure): string {
  return row([
    figure.name,
    figure.requestsPerSecond.toFixed(0),
    figure.p50Ms.toFixed(2),
    figure.p99Ms.toFixed(2),
    figure.cpuMicros?.toFixed(0) ?? '–',
    String(figure.errors),
  ])
}

function row([first = '', ...rest]: string[]): string {
  return `${first.padEnd(42)}${rest.map(cell => cell.padStart(11)).join('')}`
}
