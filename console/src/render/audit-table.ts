import { isRecord, type Json, recordOf, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { count } from './quantities.ts'
import { table } from './table.ts'

const columns = [
  { title: 'AT' },
  { title: 'BY' },
  { title: 'WHAT' },
  { title: 'CAPABILITY' },
  { title: 'REASON' },
] as const

/** The entries of an audit document, whether it is the list itself or holds one. */
export function auditEntries(audit: unknown): readonly Json[] {
  return recordsOf(Array.isArray(audit) ? audit : recordOf(audit).entries)
}

/** Who did what to which capability, when and why, and whether the chain of entries is whole where that was asked. */
export function auditTable(audit: unknown, paper: Paper): string {
  const entries = auditEntries(audit)
  const rows = entries.map(entry => [
    textOf(entry.at),
    textOf(entry.by),
    textOf(entry.action ?? entry.verb ?? entry.what),
    textOf(entry.capability),
    textOf(entry.reason),
  ])
  const body = rows.length === 0 ? 'Nothing has been audited yet.\n' : table(columns, rows, paper)
  const { chain } = recordOf(audit)
  return isRecord(chain) ? `${body}\n${chainSentence(chain, paper)}\n` : body
}

function chainSentence(chain: Json, { paint }: Paper): string {
  if (chain.ok === true)
    return paint.green(
      `The chain is whole: ${count(chain.entries)} entries, each vouching for the one before.`,
    )
  return paint.red(
    `The chain is broken at entry ${oneLine(textOf(chain.brokenAt))}: ${oneLine(textOf(chain.message, 'it was changed after it was written'))}`,
  )
}
