import type { RowDataPacket } from 'mysql2/promise'
import { connectToolkit, type Database } from '../data/database.ts'

/**
 * How often each token stands in a side's database, asked directly, past every part of the system under proof.
 * @param sql the plan's query with one `?`
 */
export async function countTokens(
  database: Database,
  sql: string,
  prefix: string,
): Promise<ReadonlyMap<string, number>> {
  const rows = await ask(database, sql, [tokensLike(prefix)])
  return new Map(rows.map(row => [String(row.token), Number(row.times)]))
}

/**
 * Where each token stands among the writes of its subject.
 * @param sql the plan's query with one `?`
 */
export async function findPlaces(
  database: Database,
  sql: string,
  prefix: string,
): Promise<ReadonlyMap<string, number>> {
  const rows = await ask(database, sql, [tokensLike(prefix)])
  return new Map(rows.map(row => [String(row.token), Number(row.place)]))
}

function tokensLike(prefix: string): string {
  return `${prefix.replace(/[\\%_]/g, '\\$&')}-%`
}

/** The rows that a drill's writes go to. */
export async function findSubjects(database: Database, sql: string): Promise<string[]> {
  return (await ask(database, sql, [])).map(row => String(row.id))
}

async function ask(database: Database, sql: string, values: unknown[]): Promise<RowDataPacket[]> {
  const connection = await connectToolkit(database)
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql, values)
    return rows
  } finally {
    await connection.end()
  }
}
