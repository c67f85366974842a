import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'

const lockWithinSeconds = 30

/**
 * Applies the numbered files of `folder` that the control schema has not seen, in order; safe when two engines start at once.
 * @param connection to the control schema, on its own (it takes a named lock)
 * @throws ToolkitError SCHEMA_NEWER (a later toolkit was here), SCHEMA_CHANGED (an applied file was edited), SCHEMA_BUSY
 */
export async function installControlSchema(connection: Connection, folder: string): Promise<void> {
  const files = (await readdir(folder)).filter(name => /^0\d\d-[a-z0-9-]+\.sql$/.test(name)).sort()
  const [locked] = await connection.query<RowDataPacket[]>(
    "SELECT GET_LOCK(CONCAT(DATABASE(), '.install'), ?) AS held",
    [lockWithinSeconds],
  )
  if (Number(locked[0]?.held) !== 1)
    throw new ToolkitError('SCHEMA_BUSY', `another engine is still installing the control schema`, {
      hint: 'start this one again when that one is ready',
    })
  try {
    await connection.query(
      `CREATE TABLE IF NOT EXISTS engine_schema (
         name VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
         hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
         at DATETIME(6) NOT NULL) ENGINE=InnoDB`,
    )
    const [applied] = await connection.query<RowDataPacket[]>('SELECT name, hash FROM engine_schema')
    const known = new Map(applied.map(row => [String(row.name), String(row.hash)]))
    refuseUnknown([...known.keys()].filter(name => !files.includes(name)))
    for (const name of files) await apply(connection, folder, name, known.get(name))
  } finally {
    await connection.query("DO RELEASE_LOCK(CONCAT(DATABASE(), '.install'))")
  }
}

async function apply(
  connection: Connection,
  folder: string,
  name: string,
  appliedHash: string | undefined,
): Promise<void> {
  const text = await readFile(join(folder, name), 'utf8')
  const hash = createHash('sha256').update(text).digest('hex')
  if (appliedHash === hash) return
  if (appliedHash !== undefined)
    throw new ToolkitError('SCHEMA_CHANGED', `${name} was edited after it had been applied`, {
      hint: 'undo the edit and add a new numbered file',
    })
  for (const statement of statements(text)) await connection.query(statement)
  await connection.query('INSERT INTO engine_schema (name, hash, at) VALUES (?, ?, UTC_TIMESTAMP(6))', [
    name,
    hash,
  ])
}

/** The statements of a file; its comments are whole lines, and no literal in it holds a semicolon. */
function statements(text: string): string[] {
  return text
    .replace(/^\s*--.*$/gm, '')
    .split(';')
    .map(statement => statement.trim())
    .filter(statement => statement !== '')
}

function refuseUnknown(names: readonly string[]): void {
  if (names.length === 0) return
  throw new ToolkitError(
    'SCHEMA_NEWER',
    `the control schema was written by a later version of the toolkit (${names.join(', ')})`,
    { hint: 'run that version, or a later one' },
  )
}
