import type { ExceptionGroup } from '../logs/group-exceptions.ts'
import { nothing } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { count } from './quantities.ts'
import { table } from './table.ts'

const columns = [
  { title: 'ID' },
  { title: 'COUNT', align: 'right' },
  { title: 'FIRST SEEN' },
  { title: 'LAST SEEN' },
  { title: 'PROCESSES' },
  { title: 'ERROR' },
  { title: 'TRACE OF THE LAST' },
] as const

/** Errors, grouped. Whoever wants to know how one came about follows its trace. */
export function exceptionsTable(groups: readonly ExceptionGroup[], paper: Paper): string {
  if (groups.length === 0) return 'No error was logged.\n'
  const rows = groups.map(group => [
    group.id,
    count(group.count),
    timeOf(group.firstSeen),
    timeOf(group.lastSeen),
    group.processes.join(', '),
    `${group.kind}: ${group.message}${group.where === '' ? '' : ` (${group.where})`}`,
    group.lastTraceId ?? nothing,
  ])
  return `${table(columns, rows, paper)}\nHow one came about: strangler trace TRACE\n`
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19)
}
