import { type Json, numberOf, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { table } from './table.ts'

const columns = [
  { title: 'ID', align: 'right' },
  { title: 'TABLE' },
  { title: 'TRIES', align: 'right' },
  { title: 'SINCE' },
  { title: 'WHY' },
] as const

/** Changes that a sync stands still before, and what can be done about the first of them. */
export function parkedTable(parked: unknown, capability: string, paper: Paper): string {
  const rows = recordsOf(parked)
  const [first] = rows
  if (first === undefined) return `${capability}: no change is parked.\n`
  const body = table(
    columns,
    rows.map(({ id, table: of, attempts, parkedAt, code, message }) => [
      textOf(id),
      textOf(of),
      textOf(attempts),
      textOf(parkedAt),
      `${textOf(code)}: ${textOf(message)}`,
    ]),
    paper,
  )
  return `${body}
→ mend the mapping or the row in the way, then: npx strangler parked ${capability} --retry --reason TEXT
→ or leave it out, and mend the row on the other side yourself: npx strangler parked ${capability} --skip ${oneLine(textOf(first.id))} --reason TEXT
`
}

/** How the sync stands after a decision. */
export function syncSentence(sync: Json, capability: string, { paint }: Paper): string {
  if (sync.running !== true)
    return `${capability}: ${paint.red('the sync does not run')}; npx strangler plan ${capability} says why\n`
  const parked = numberOf(sync.parked) ?? 0
  return parked > 0
    ? `${capability}: ${paint.red(`${parked} changes are still parked`)}; the sync stands still before them\n`
    : `${capability}: ${paint.green('the sync runs')}, ${textOf(sync.positionsBehind)} transactions behind\n`
}
