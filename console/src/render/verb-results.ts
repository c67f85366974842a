import { mustBeZero, stepTable } from './drill-table.ts'
import { isRecord, type Json, listOf, numberOf, recordOf, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { count, counted, duration, percent } from './quantities.ts'
import { table } from './table.ts'

/** `customers: canary, 50 %, generation 8`. */
export function stageSentence(result: Json, capability: string, { paint }: Paper): string {
  const parts = [
    paint.bold(oneLine(textOf(result.stage))),
    result.stage === 'canary' && result.percent !== undefined ? percent(result.percent) : '',
    result.generation === undefined ? '' : `generation ${oneLine(textOf(result.generation))}`,
  ].filter(part => part !== '')
  return `${capability}: ${parts.join(', ')}; every proxy serves it\n`
}

/** Where a run of the plan came to. */
export function runText(result: Json, capability: string, paper: Paper): string {
  const stage = result.stage === undefined ? '' : `, now ${oneLine(textOf(result.stage))}`
  const writes = result.writes === undefined ? '' : `, writes ${oneLine(textOf(result.writes))}`
  const recovered =
    result.recovered === undefined || result.recovered === null
      ? ''
      : `Recovered first: ${oneLine(textOf(result.recovered))}\n`
  return `${recovered}${paper.paint.green('done')}: ${capability}${stage}${writes}\n${stepTable(result.steps, paper)}`
}

/** What a cutover or rollback did, or (dry) would do. */
export function moveText(
  verb: string,
  result: Json,
  capability: string,
  dryRun: boolean,
  paper: Paper,
): string {
  if (dryRun) return dryRunText(verb, result, capability, paper)
  const hold = recordOf(result.hold)
  const side = result.writes ?? result.owner ?? (verb === 'cutover' ? 'extracted' : 'legacy')
  const took = `${paper.paint.bold(capability)}: the ${oneLine(textOf(side))} side owns the writes, after ${duration(result.ms)}\n`
  const held = `held writes waited ${duration(hold.p50Ms)} (half of them), ${duration(hold.p99Ms)} (99 of 100), ${duration(hold.maxMs)} (the longest)\n`
  return `${took}${hold.p99Ms === undefined ? '' : held}${wayBack(verb, result, capability, paper)}`
}

function wayBack(verb: string, result: Json, capability: string, { paint }: Paper): string {
  if (result.reversible === false)
    return `${paint.red('Switched, NOT reversible: no sync leads back yet.')}\n→ npx strangler status shows how it stands\n`
  return `→ back again: npx strangler ${verb === 'cutover' ? 'rollback' : 'cutover'} ${capability}\n`
}

function dryRunText(verb: string, result: Json, capability: string, { paint }: Paper): string {
  const sentences = listOf(result.steps ?? result.would).map((step, at) => {
    const text = isRecord(step) ? (step.message ?? step.title ?? step.name) : step
    return `${String(at + 1).padStart(3)}. ${oneLine(textOf(text))}\n`
  })
  return `${paint.bold(`${verb} ${capability}`)} would (nothing was changed):\n${sentences.join('')}`
}

const verifyColumns = [
  { title: 'TABLE' },
  { title: 'ROWS', align: 'right' },
  { title: 'MISSING', align: 'right' },
  { title: 'EXTRA', align: 'right' },
  { title: 'DIFFERENT', align: 'right' },
] as const

/** Both sides compared row by row: a line per table, then samples of the rows that differ. */
export function verifyTable(result: Json, capability: string, paper: Paper): string {
  const { paint } = paper
  const tables = recordsOf(result.tables)
  const rows = tables.map(each => [
    textOf(each.table),
    count(each.rows),
    ...['missing', 'extra', 'different'].map(key => mustBeZero(each[key], paint)),
  ])
  const total = tables.reduce((sum, each) => sum + (numberOf(each.rows) ?? 0), 0)
  const took = result.ms === undefined ? '' : ` in ${duration(result.ms)}`
  const heading =
    result.ok === true
      ? paint.green(`${capability}: ${counted(total, 'row')} compared${took}, all equal`)
      : paint.red(`${capability}: ${counted(total, 'row')} compared${took}, the sides differ`)
  return `${heading}\n${rows.length === 0 ? '' : table(verifyColumns, rows, paper)}${sampleLines(result.samples)}`
}

function sampleLines(samples: unknown): string {
  const lines = recordsOf(samples).map(({ table, kind, key, columns }) => {
    const names = listOf(columns)
      .map(name => textOf(name))
      .join(', ')
    return `  ${oneLine(`${textOf(kind)} in ${textOf(table)}: ${textOf(key)}${names === '' ? '' : ` (${names})`}`)}\n`
  })
  return lines.length === 0 ? '' : `\n${lines.join('')}`
}
