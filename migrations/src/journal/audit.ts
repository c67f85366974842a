import { createHash } from 'node:crypto'
import type { Pool, RowDataPacket } from 'mysql2/promise'

/** What an operator did, asked for or was refused. */
export type Deed = { operator: string; verb: string; capability: string; reason: string; details: unknown }

/** A link of the chain: its hash covers the deed and the hash before it. */
export type AuditEntry = Deed & { seq: number; at: string; previous: string; hash: string }

export const firstHash = '0'.repeat(64)

export type Audit = {
  /** Appends a deed; the action that it is about must not start when this throws. */
  append(deed: Deed): Promise<AuditEntry>
  /** The last entries, newest first. */
  last(limit: number): Promise<AuditEntry[]>
  /** Reads the whole chain: undefined when it is sound, else the first entry that is not. */
  verify(): Promise<ChainBreak | undefined>
}

export type ChainBreak = { seq: number; reason: 'changed' | 'missing' | 'cut off' }

/** The hash of an entry: SHA-256 over its fields in a fixed order. */
export function hashOf(entry: Omit<AuditEntry, 'hash'>): string {
  const { seq, at, operator, verb, capability, reason, details, previous } = entry
  const text = JSON.stringify([seq, at, operator, verb, capability, reason, details, previous])
  return createHash('sha256').update(text).digest('hex')
}

/**
 * The first break of a chain: an entry edited, taken out, moved, or cut off its end.
 * @param entries oldest first
 * @param head the last entry as recorded apart from the chain
 */
export function findBreak(
  entries: readonly AuditEntry[],
  head: { seq: number; hash: string },
): ChainBreak | undefined {
  let previous = { seq: 0, hash: firstHash }
  for (const entry of entries) {
    if (entry.seq !== previous.seq + 1) return { seq: previous.seq + 1, reason: 'missing' }
    if (entry.previous !== previous.hash || entry.hash !== hashOf(entry))
      return { seq: entry.seq, reason: 'changed' }
    previous = entry
  }
  if (previous.seq < head.seq) return { seq: previous.seq + 1, reason: 'cut off' }
  return previous.hash === head.hash ? undefined : { seq: previous.seq, reason: 'changed' }
}

/** @param pool to the control schema @param now for the text of `at` */
export function createAudit(pool: Pool, now: () => Date): Audit {
  return {
    append: async deed => {
      const connection = await pool.getConnection()
      try {
        await connection.beginTransaction()
        const [heads] = await connection.query<RowDataPacket[]>(
          'SELECT seq, hash FROM audit_head WHERE id = 1 FOR UPDATE',
        )
        const body = {
          ...deed,
          reason: deed.reason.slice(0, 500),
          operator: deed.operator.slice(0, 128),
          // As it will be read back: what JSON drops must not be hashed.
          details: JSON.parse(JSON.stringify(deed.details ?? {})) as unknown,
          seq: Number(heads[0]!.seq) + 1,
          at: now().toISOString(),
          previous: String(heads[0]!.hash),
        }
        const entry: AuditEntry = { ...body, hash: hashOf(body) }
        await connection.query(
          `INSERT INTO audit (seq, at, operator, verb, capability, reason, details, previous, hash)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          [
            entry.seq,
            entry.at,
            entry.operator,
            entry.verb,
            entry.capability,
            entry.reason,
            JSON.stringify(entry.details),
            entry.previous,
            entry.hash,
          ],
        )
        await connection.query('UPDATE audit_head SET seq = ?, hash = ? WHERE id = 1', [
          entry.seq,
          entry.hash,
        ])
        await connection.commit()
        connection.release()
        return entry
      } catch (error) {
        connection.destroy()
        throw error
      }
    },
    last: async limit => {
      const [rows] = await pool.query<RowDataPacket[]>('SELECT * FROM audit ORDER BY seq DESC LIMIT ?', [
        limit,
      ])
      return rows.map(toEntry)
    },
    verify: async () => {
      // Head first: an entry appended meanwhile is not of this reading.
      const [heads] = await pool.query<RowDataPacket[]>('SELECT seq, hash FROM audit_head WHERE id = 1')
      const head = { seq: Number(heads[0]!.seq), hash: String(heads[0]!.hash) }
      const [rows] = await pool.query<RowDataPacket[]>('SELECT * FROM audit WHERE seq <= ? ORDER BY seq', [
        head.seq,
      ])
      return findBreak(rows.map(toEntry), head)
    },
  }
}

function toEntry(row: RowDataPacket): AuditEntry {
  return {
    seq: Number(row.seq),
    at: String(row.at),
    operator: String(row.operator),
    verb: String(row.verb),
    capability: String(row.capability),
    reason: String(row.reason),
    details: JSON.parse(String(row.details)) as unknown,
    previous: String(row.previous),
    hash: String(row.hash),
  }
}
