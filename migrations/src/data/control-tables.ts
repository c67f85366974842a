import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectToolkit, type Database } from './database.ts'
import { identifier } from './sql-text.ts'

const folder = join(import.meta.dirname, '..', '..', 'sql')

/**
 * Creates on that server what sync, backfill and fence keep there (the files `sql/1*.sql`). Safe to repeat and to race.
 * Call it for both sides' databases, also when they are one server.
 */
export async function installControlTables(database: Database): Promise<void> {
  const files = (await readdir(folder)).filter(name => /^1\d\d-.*\.sql$/.test(name)).sort()
  const connection = await connectToolkit(database)
  try {
    await connection.query(`USE ${identifier(database.controlSchema)}`)
    for (const file of files) await connection.query(await readFile(join(folder, file), 'utf8'))
  } finally {
    await connection.end()
  }
}
