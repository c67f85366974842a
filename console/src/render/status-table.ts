import { formatProblem, type Problem } from '@strangler/kit/problem.ts'
import { isRecord, type Json, nothing, numberOf, recordOf, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { age, count, duration, percent } from './quantities.ts'
import { type Cell, table } from './table.ts'

const hold = { title: 'HOLD' }
const columns = [
  { title: 'CAPABILITY' },
  { title: 'STAGE' },
  { title: 'WRITES' },
  { title: 'LAG', align: 'right' },
  { title: 'DIVERGED' },
  { title: 'LAST DRILL' },
] as const

/**
 * The board of capabilities.
 * @param now wall clock in milliseconds, for the age of a drill
 */
export function statusTable(status: Json, paper: Paper, now: number): string {
  const { paint } = paper
  const capabilities = recordsOf(status.capabilities)
  // A hold lasts for moments: its column would stand empty.
  const held = capabilities.some(capability => isRecord(capability.hold))
  const heading = `${paint.bold(`generation ${oneLine(textOf(status.generation))}`)}\n`
  const board =
    capabilities.length === 0
      ? 'The configuration names no capability.\n'
      : table(
          held ? [...columns, hold] : columns,
          capabilities.map(capability => [
            ...row(capability, paper, now),
            ...(held ? [holdCell(capability.hold, paint)] : []),
          ]),
          paper,
        )
  return heading + board + problemLines(status, paper)
}

function row(capability: Json, { paint }: Paper, now: number): Cell[] {
  const canary = capability.stage === 'canary' ? ` ${percent(capability.percent)}` : ''
  return [
    { text: textOf(capability.name), paint: paint.bold },
    `${textOf(capability.stage)}${canary}`,
    textOf(capability.writes),
    duration(capability.lagMs),
    comparisonCell(recordOf(capability.comparison), paint),
    drillCell(capability.lastDrill, paint, now),
  ]
}

/** `3 of 20,000: fail`. */
function comparisonCell({ samples, diverged, verdict }: Json, paint: Paper['paint']): Cell {
  const colour = verdict === 'pass' ? paint.green : verdict === 'fail' ? paint.red : paint.yellow
  return { text: `${count(diverged)} of ${count(samples)}: ${textOf(verdict)}`, paint: colour }
}

function holdCell(hold: unknown, paint: Paper['paint']): Cell {
  return isRecord(hold) ? { text: `${count(hold.parked)} parked`, paint: paint.yellow } : nothing
}

function drillCell(drill: unknown, paint: Paper['paint'], now: number): Cell {
  if (!isRecord(drill)) return 'never'
  const at = typeof drill.at === 'number' ? drill.at : Date.parse(textOf(drill.at))
  const ago = Number.isNaN(at) ? '' : ` ${age(now - at)} ago`
  return drill.ok === true
    ? { text: `passed${ago}`, paint: paint.green }
    : { text: `failed${ago}`, paint: paint.red }
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
