import { isRecord, type Json, recordOf, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { table } from './table.ts'

const columns = [
  { title: 'SEQ', align: 'right' },
  { title: 'AT' },
  { title: 'BY' },
  { title: 'VERB' },
  { title: 'CAPABILITY' },
  { title: 'REASON' },
] as const

/**
 * Who did what to which capability, when and why, and whether the chain of entries is whole where that was asked.
 * @param audit the list of entries, or an object that holds it as `entries` beside `chain`
 */
export function auditTable(audit: unknown, paper: Paper): string {
  const entries = recordsOf(Array.isArray(audit) ? audit : recordOf(audit).entries)
  const rows = entries.map(entry => [
    textOf(entry.seq),
    textOf(entry.at),
    textOf(entry.operator),
    textOf(entry.verb),
    textOf(entry.capability),
    textOf(entry.reason),
  ])
  const body = rows.length === 0 ? 'Nothing has been audited yet.\n' : table(columns, rows, paper)
  const { chain } = recordOf(audit)
  return isRecord(chain) ? `${body}\n${chainSentence(chain, paper)}\n` : body
}

function chainSentence(chain: Json, { paint }: Paper): string {
  if (chain.ok === true) return paint.green('The chain is whole: every entry vouches for the one before it.')
  const reason = oneLine(textOf(chain.reason, 'changed'))
  return paint.red(`The chain is broken at entry ${oneLine(textOf(chain.seq))}: ${reason}`)
}
