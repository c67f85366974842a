import { fileURLToPath } from 'node:url'
import { instantOf, preciseDateTimeOf } from '../database/date-time.ts'
import type { Session } from '../database/with-transaction.ts'
import { type Action, type AuditEntry, type Changes, nextEntry } from './audit-entry.ts'

/** Where the table's migrations are, for `applyMigrations`. */
export const auditMigrations = {
  component: 'audit',
  folder: fileURLToPath(new URL('../../sql/audit', import.meta.url)),
}

type Row = {
  subject: string
  entry_no: number
  action: string
  actor: string
  traceparent: string | null
  changes: string
  recorded_at: string
  hash: string
}

const columns = 'subject, entry_no, action, actor, traceparent, changes, recorded_at, hash'

/**
 * Notes an action in the transaction of what it changes: there is no change without its entry, and no entry without its
 * change. Call it while holding the lock on the subject; two that append at once would meet at the primary key.
 */
export async function addAuditEntry(session: Session, action: Action): Promise<void> {
  const [last] = await session.rows<Row>(
    `SELECT ${columns} FROM audit_entries WHERE subject = ? ORDER BY entry_no DESC LIMIT 1`,
    [action.subject],
  )
  const {
    subject,
    number,
    action: name,
    actor,
    traceparent,
    changes,
    at,
    hash,
  } = nextEntry(last === undefined ? undefined : entryOf(last), action)
  await session.run(`INSERT INTO audit_entries (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, [
    subject,
    number,
    name,
    actor,
    traceparent,
    JSON.stringify(changes),
    preciseDateTimeOf(Date.parse(at)),
    hash,
  ])
}

/** Everything that was done to a subject, in its order. */
export async function readAuditTrail(session: Session, subject: string): Promise<AuditEntry[]> {
  const rows = await session.rows<Row>(
    `SELECT ${columns} FROM audit_entries WHERE subject = ? ORDER BY entry_no`,
    [subject],
  )
  return rows.map(entryOf)
}

function entryOf(row: Row): AuditEntry {
  return {
    subject: row.subject,
    number: row.entry_no,
    action: row.action,
    actor: row.actor,
    traceparent: row.traceparent,
    changes: JSON.parse(row.changes) as Changes,
    at: instantOf(row.recorded_at),
    hash: row.hash,
  }
}
