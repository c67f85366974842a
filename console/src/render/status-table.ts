import { formatProblem, type Problem } from '@strangler/kit/problem.ts'
import { isRecord, type Json, nothing, numberOf, recordOf, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { count, duration, percent } from './quantities.ts'
import { type Cell, table } from './table.ts'
import { verdict } from './verdict.ts'

const columns = [
  { title: 'CAPABILITY' },
  { title: 'STAGE' },
  { title: 'WRITES' },
  { title: 'PERCENT', align: 'right' },
  { title: 'LAG', align: 'right' },
  { title: 'COMPARED', align: 'right' },
  { title: 'DIVERGED', align: 'right' },
  { title: 'VERDICT' },
  { title: 'HOLD' },
  { title: 'LAST DRILL' },
] as const

/**
 * The board of capabilities.
 * @param now wall clock in milliseconds, for the age of a drill
 */
export function statusTable(status: Json, paper: Paper, now: number): string {
  const { paint } = paper
  const capabilities = recordsOf(status.capabilities)
  const heading = `${paint.bold(`generation ${oneLine(textOf(status.generation))}`)}\n`
  const board =
    capabilities.length === 0
      ? 'The configuration names no capability.\n'
      : table(
          columns,
          capabilities.map(capability => row(capability, paper, now)),
          paper,
        )
  return heading + board + problemLines(status, paper)
}

function row(capability: Json, { paint }: Paper, now: number): Cell[] {
  const comparison = recordOf(capability.comparison)
  const diverged = count(comparison.diverged)
  return [
    { text: textOf(capability.name), paint: paint.bold },
    textOf(capability.stage),
    textOf(capability.writes),
    capability.stage === 'canary' ? percent(capability.percent) : nothing,
    duration(capability.lagMs),
    count(comparison.samples),
    (numberOf(comparison.diverged) ?? 0) > 0 ? { text: diverged, paint: paint.red } : diverged,
    verdict(comparison.verdict, paint),
    isRecord(capability.hold)
      ? { text: `${count(capability.hold.parked)} parked`, paint: paint.yellow }
      : nothing,
    drillCell(capability.lastDrill, paint, now),
  ]
}

function drillCell(drill: unknown, paint: Paper['paint'], now: number): Cell {
  if (!isRecord(drill)) return 'never'
  const at = typeof drill.at === 'number' ? drill.at : Date.parse(textOf(drill.at))
  const age = Number.isNaN(at) ? '' : ` ${duration(Math.max(0, now - at))} ago`
  return drill.ok === true
    ? { text: `passed${age}`, paint: paint.green }
    : { text: `failed${age}`, paint: paint.red }
}

/** What is wrong with a configuration file that was refused; the generation before it goes on serving. */
function problemLines(status: Json, { paint }: Paper): string {
  const problems = recordsOf(status.problems)
  if (problems.length === 0) return ''
  const lines = problems.map(problem => `  ${oneLine(problemSentence(problem, textOf(status.file, '')))}\n`)
  return `\n${paint.red('The configuration file was refused; the last good generation goes on serving.')}\n${lines.join('')}`
}

/** One problem of an input as a line. */
export function problemSentence(problem: Json, file = ''): string {
  const line = numberOf(problem.line)
  const known: Problem = {
    path: textOf(problem.path, ''),
    message: textOf(problem.message),
    ...(line === undefined ? {} : { line }),
  }
  return formatProblem(known, file)
}
