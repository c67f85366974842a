import { isRecord, type Json, numberOf, recordOf, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { count, duration } from './quantities.ts'
import { type Cell, table } from './table.ts'

/** What a drill proved: its verdict, the ledger's figures, and how long each step took. */
export function drillTable(drill: Json, capability: string, paper: Paper): string {
  const { paint } = paper
  const writes = recordOf(drill.writes)
  const requests = recordOf(drill.requests)
  const hold = recordOf(drill.hold)
  const figures: [string, Cell][] = [
    ['writes acknowledged', count(writes.acknowledged)],
    ['writes without an answer', count(writes.unknown)],
    ['writes lost', mustBeZero(writes.lost, paint)],
    ['writes duplicated', mustBeZero(writes.duplicated, paint)],
    ...(isRecord(drill.order)
      ? ([['writes out of order', mustBeZero(drill.order.broken, paint)]] as [string, Cell][])
      : []),
    ...(isRecord(drill.reads)
      ? ([['stale reads', mustBeZero(drill.reads.stale, paint)]] as [string, Cell][])
      : []),
    ['requests', count(requests.total)],
    // What is broken on purpose may fail requests.
    ['requests failed', isRecord(drill.fault) ? count(requests.failed) : mustBeZero(requests.failed, paint)],
    ['held, half of the writes', duration(hold.p50Ms)],
    ['held, 99 of 100', duration(hold.p99Ms)],
    ['held, the longest', duration(hold.maxMs)],
    ['cutover', duration(drill.cutoverMs)],
    ['rollback', duration(drill.rollbackMs)],
  ]
  const verdict = drill.ok === true ? paint.green('passed') : paint.red('failed')
  const seed = drill.seed === undefined ? '' : ` (seed ${oneLine(textOf(drill.seed))})`
  const heading = `${paint.bold(`drill ${capability}`)}: ${verdict}${seed}\n`
  const fault = isRecord(drill.fault)
    ? `${oneLine(textOf(drill.fault.name))} at ${oneLine(textOf(drill.fault.point))}: ${oneLine(textOf(drill.fault.outcome))}\n`
    : ''
  return (
    heading +
    fault +
    table([{ title: 'FIGURE' }, { title: 'MEASURED', align: 'right' }], figures, paper) +
    stepTable(drill.steps, paper)
  )
}

/** Steps with what they took, in the order they ran; nothing where there are none. */
export function stepTable(steps: unknown, paper: Paper): string {
  const rows = recordsOf(steps).map(step => [
    textOf(step.name ?? step.step ?? step.id),
    duration(step.ms ?? step.durationMs),
    textOf(step.message ?? step.outcome ?? step.state),
  ])
  if (rows.length === 0) return ''
  return `\n${table([{ title: 'STEP' }, { title: 'TOOK', align: 'right' }, { title: 'OUTCOME' }], rows, paper)}`
}

/** A figure that is red unless it is 0; one that is missing is no proof of 0. */
export function mustBeZero(value: unknown, paint: Paper['paint']): Cell {
  const text = count(value)
  return { text, paint: numberOf(value) === 0 ? paint.green : paint.red }
}
