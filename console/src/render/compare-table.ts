import { type Json, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { count, counted } from './quantities.ts'
import { table } from './table.ts'

const columns = [
  { title: 'ROUTE' },
  { title: 'PATH' },
  { title: 'COUNT', align: 'right' },
  { title: 'BEFORE' },
  { title: 'AFTER' },
] as const

/** What the comparison of live requests found; one row per divergent path. */
export function compareTable(comparison: Json, paper: Paper): string {
  const { paint } = paper
  const figures = [
    `${count(comparison.requests)} compared`,
    `${count(comparison.matched)} matched`,
    `${count(comparison.ignored)} ignored`,
    `${count(comparison.diverged)} diverged`,
    `${count(comparison.errors)} errors`,
    `${count(comparison.noise)} noise`,
  ]
  const rows = recordsOf(comparison.divergences).map(({ route, path, count: times, before, after }) => [
    textOf(route),
    textOf(path),
    count(times),
    textOf(before),
    textOf(after),
  ])
  return `${verdictSentence(comparison.verdict, rows.length, paint)}\n${figures.join(', ')}\n${rows.length === 0 ? '' : `\n${table(columns, rows, paper)}`}`
}

function verdictSentence(verdict: unknown, paths: number, paint: Paper['paint']): string {
  if (verdict === 'pass') return paint.green('pass: both sides answer alike')
  if (verdict === 'fail') return paint.red(`fail: the sides differ in ${counted(paths, 'path')}`)
  if (verdict === 'insufficient') return paint.yellow('insufficient: too few requests were compared to tell')
  return oneLine(textOf(verdict))
}
