import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import type { WritersFound } from '../writers/writers-found.ts'

/** A full verification as the gates see it; ages are by the control server's clock. */
export type Verification = {
  id: number
  at: Date
  ageMs: number
  ok: boolean
  rows: number
  diverged: number
}

export type DrillEvidence = { id: number; at: Date; ageMs: number; ok: boolean; result: unknown }

/** What was proven, and how long ago: the gates' memory. */
export type Evidence = {
  addVerification(
    capability: string,
    found: { ok: boolean; rows: number; diverged: number; details: unknown },
  ): Promise<void>
  lastVerification(capability: string): Promise<Verification | undefined>
  addDrill(capability: string, ok: boolean, result: unknown): Promise<void>
  lastDrill(capability: string): Promise<DrillEvidence | undefined>
  /** The last drill that has ended, where the very last one is still under way. */
  shownDrill(capability: string): Promise<{ underWay: boolean; last: DrillEvidence | undefined }>
  /** How long the present owner has had the writes; undefined where it was never moved. */
  ownerSinceMs(capability: string): Promise<number | undefined>
  addWriters(capability: string, found: WritersFound): Promise<void>
  lastWriters(capability: string): Promise<{ at: Date; ageMs: number; found: WritersFound } | undefined>
}

const age = 'TIMESTAMPDIFF(MICROSECOND, at, UTC_TIMESTAMP(6)) / 1000 AS age_ms'

/** @param pool to the control schema */
export function createEvidence(pool: Pool): Evidence {
  async function lastDrill(capability: string, only = ''): Promise<DrillEvidence | undefined> {
    const [rows] = await pool.query<RowDataPacket[]>(
      `SELECT *, ${age} FROM drill_result WHERE capability = ? ${only} ORDER BY id DESC LIMIT 1`,
      [capability],
    )
    return rows[0] === undefined
      ? undefined
      : { ...aged(rows[0]), result: JSON.parse(String(rows[0].result)) as unknown }
  }

  async function isHeld(capability: string): Promise<boolean> {
    const [rows] = await pool.query<RowDataPacket[]>(
      'SELECT 1 FROM lease WHERE capability = ? AND until > UTC_TIMESTAMP(6)',
      [capability],
    )
    return rows.length > 0
  }

  return {
    addVerification: async (capability, { ok, rows, diverged, details }) => {
      await pool.query<ResultSetHeader>(
        `INSERT INTO verification (capability, at, ok, row_count, diverged, details)
         VALUES (?, UTC_TIMESTAMP(6), ?, ?, ?, ?)`,
        [capability, ok, rows, diverged, JSON.stringify(details)],
      )
    },
    lastVerification: async capability => {
      const [rows] = await pool.query<RowDataPacket[]>(
        `SELECT *, ${age} FROM verification WHERE capability = ? ORDER BY id DESC LIMIT 1`,
        [capability],
      )
      return rows[0] === undefined
        ? undefined
        : {
            ...aged(rows[0]),
            rows: Number(rows[0].row_count),
            diverged: Number(rows[0].diverged),
          }
    },
    addDrill: async (capability, ok, result) => {
      await pool.query<ResultSetHeader>(
        'INSERT INTO drill_result (capability, at, ok, result) VALUES (?, UTC_TIMESTAMP(6), ?, ?)',
        [capability, ok, JSON.stringify(result)],
      )
    },
    lastDrill: capability => lastDrill(capability),
    shownDrill: async capability => {
      const last = await lastDrill(capability)
      const begun = (last?.result as { running?: unknown } | undefined)?.running === true
      // An engine that died left such an entry too; then nobody holds the lease, and it has failed.
      if (!begun || !(await isHeld(capability))) return { underWay: false, last }
      return {
        underWay: true,
        last: await lastDrill(capability, "AND JSON_VALUE(result, '$.running') IS NULL"),
      }
    },
    ownerSinceMs: async capability => {
      const [rows] = await pool.query<RowDataPacket[]>(
        "SELECT TIMESTAMPDIFF(MICROSECOND, MAX(at), UTC_TIMESTAMP(6)) / 1000 AS ms FROM journal WHERE capability = ? AND verb = 'owner'",
        [capability],
      )
      return rows[0]?.ms == null ? undefined : Number(rows[0].ms)
    },
    addWriters: async (capability, found) => {
      await pool.query<ResultSetHeader>(
        'INSERT INTO writers_found (capability, at, result) VALUES (?, UTC_TIMESTAMP(6), ?)',
        [capability, JSON.stringify(found)],
      )
    },
    lastWriters: async capability => {
      const [rows] = await pool.query<RowDataPacket[]>(
        `SELECT *, ${age} FROM writers_found WHERE capability = ? ORDER BY id DESC LIMIT 1`,
        [capability],
      )
      return rows[0] === undefined
        ? undefined
        : {
            at: rows[0].at as Date,
            ageMs: Number(rows[0].age_ms),
            found: JSON.parse(String(rows[0].result)) as WritersFound,
          }
    },
  }
}

function aged(row: RowDataPacket): { id: number; at: Date; ageMs: number; ok: boolean } {
  return { id: Number(row.id), at: row.at as Date, ageMs: Number(row.age_ms), ok: Boolean(row.ok) }
}
