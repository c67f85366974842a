import { type Json, listOf, numberOf, recordOf, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { count, counted } from './quantities.ts'
import { refusalLines } from './refusals.ts'
import { type Cell, table } from './table.ts'

const columns = [
  { title: 'ACCOUNT' },
  { title: 'WRITES' },
  { title: 'ROWS', align: 'right' },
  { title: 'ANSWER' },
] as const

/** Who writes a capability's tables: by account while it was looked, by the binlog before, and who else might. */
export function writersTable(result: Json, capability: string, paper: Paper): string {
  const { paint } = paper
  const seen = recordsOf(result.accounts).flatMap(({ account, shapes }) =>
    recordsOf(shapes).map((shape): Cell[] => [
      textOf(account),
      shapeText(shape),
      count(shape.rows),
      shape.answer === null
        ? { text: 'none', paint: paint.red }
        : { text: textOf(shape.answer), paint: paint.green },
    ]),
  )
  const past = recordOf(result.past)
  const before = recordsOf(past.writes)
  const rows = before.reduce((sum, each) => sum + (numberOf(each.rows) ?? 0), 0)
  const possible = listOf(result.possible).map(account => oneLine(textOf(account)))
  const refusals = recordsOf(result.refusals)
  return [
    `${paint.bold(`writers ${capability}`)}: ${counted(numberOf(result.seconds) ?? 0, 'second')} looked at, ${counted(numberOf(result.requests) ?? 0, 'write request')} meanwhile\n`,
    seen.length === 0 ? 'Nobody wrote.\n' : table(columns, seen, paper),
    ...likelyLines(result),
    before.length === 0
      ? ''
      : `\nThe binlog since ${oneLine(textOf(past.since))} has ${counted(rows, 'row')}: ${before.map(each => `${count(each.rows)} × ${shapeText(each)}`).join(', ')}\n`,
    possible.length === 0 ? '' : `May write, and did not: ${possible.join(', ')}\n`,
    refusals.length === 0
      ? paint.green('The plan answers for every writer.\n')
      : `\n${paint.red('The plan does not answer for:')}\n${refusals.map(refusal => refusalLines(refusal, paint, '  ')).join('')}`,
  ].join('')
}

function likelyLines(result: Json): string[] {
  return recordsOf(result.accounts).flatMap(({ account, likely }) => {
    const { capability, correlation } = recordOf(likely)
    return capability === undefined
      ? []
      : `${oneLine(textOf(account))} writes when ${oneLine(textOf(capability))} is asked to (correlation ${oneLine(textOf(correlation))})\n`
  })
}

function shapeText({ table: name, event, columns: changed }: Json): string {
  const list = listOf(changed).map(column => textOf(column))
  const detail = event === 'update' ? ` (${list.length === 0 ? 'no mapped column' : list.join(', ')})` : ''
  return oneLine(`${textOf(name)} ${textOf(event)}${detail}`)
}
