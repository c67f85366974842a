import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withoutSecret } from '@strangler/kit/log.ts'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'

/** Numbered files of one part (`001-customers.sql`), forward only. */
export type Migrations = { component: string; folder: string }

type Migration = { version: number; name: string; sql: string; checksum: string }
type AppliedRow = { version: number; name: string; checksum: string; applied_at: string | null }

const fileName = /^(\d{3})-[a-z0-9-]+\.sql$/
const lockWaitSeconds = 60

const registry = `CREATE TABLE IF NOT EXISTS schema_migrations (
  component VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT NOT NULL,
  name VARCHAR(120) NOT NULL,
  checksum CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  started_at DATETIME NOT NULL,
  applied_at DATETIME NULL,
  PRIMARY KEY (component, version)
) ENGINE=InnoDB`

/**
 * Brings a schema up to date. Safe when several processes start at once: a named lock lets one of them work while the
 * others wait, then find nothing to do. A version's row is written first, in the transaction of its statements, and
 * completed last. DDL commits by itself in MariaDB, so a process that dies between two statements leaves a row without
 * `applied_at`: the next start runs that file again, hence every statement of a file must bear repeating.
 * @returns names of the files that ran, in order
 * @throws ToolkitError DATABASE_UNREACHABLE, MIGRATIONS_INVALID, MIGRATION_CHANGED, MIGRATION_FAILED, MIGRATION_LOCKED,
 * SCHEMA_NEWER
 */
export async function applyMigrations(url: string, parts: readonly Migrations[]): Promise<string[]> {
  const sets = await Promise.all(
    parts.map(async part => ({ component: part.component, files: await readMigrations(part.folder) })),
  )
  const connection = await connect(url)
  try {
    await lock(connection)
    await connection.query("SET SESSION time_zone = '+00:00'")
    await connection.query(registry)
    const ran: string[] = []
    for (const { component, files } of sets) ran.push(...(await applyComponent(connection, component, files)))
    return ran
  } finally {
    // Closing the session gives the lock back, also when the session is already lost.
    await connection.end().catch(() => connection.destroy())
  }
}

async function connect(url: string): Promise<Connection> {
  try {
    return await createConnection({
      uri: url,
      timezone: 'Z',
      charset: 'utf8mb4',
      dateStrings: true,
      connectTimeout: 2_000,
      multipleStatements: true,
    })
  } catch (error) {
    const reason = (error as { code?: string }).code ?? messageOf(error)
    throw new ToolkitError('DATABASE_UNREACHABLE', `${withoutSecret(url)} does not let us in: ${reason}`, {
      hint: 'start the database, or correct address, account and password in DATABASE_URL',
      cause: error,
    })
  }
}

async function lock(connection: Connection): Promise<void> {
  const sql = "SELECT GET_LOCK(CONCAT('strangler-migrations:', DATABASE()), ?) AS got"
  const [rows] = await connection.query<RowDataPacket[]>(sql, [lockWaitSeconds])
  if (rows[0]?.got === 1) return
  throw new ToolkitError(
    'MIGRATION_LOCKED',
    `another process has been changing this schema for ${lockWaitSeconds} s`,
    { hint: 'let it finish, or end it, then start again', details: { waitedSeconds: lockWaitSeconds } },
  )
}

async function applyComponent(
  connection: Connection,
  component: string,
  files: readonly Migration[],
): Promise<string[]> {
  const [rows] = await connection.query<(RowDataPacket & AppliedRow)[]>(
    'SELECT version, name, checksum, applied_at FROM schema_migrations WHERE component = ? ORDER BY version',
    [component],
  )
  const applied = new Map(rows.map(row => [row.version, row]))
  refuseNewer(component, rows, files)
  const ran: string[] = []
  for (const file of files) {
    const row = applied.get(file.version)
    if (row !== undefined && row.applied_at !== null) refuseChanged(row, file)
    else {
      await applyFile(connection, component, file)
      ran.push(file.name)
    }
  }
  return ran
}

async function applyFile(connection: Connection, component: string, file: Migration): Promise<void> {
  try {
    await connection.query('START TRANSACTION')
    await connection.query(
      `INSERT INTO schema_migrations (component, version, name, checksum, started_at, applied_at)
       VALUES (?, ?, ?, ?, UTC_TIMESTAMP(), NULL)
       ON DUPLICATE KEY UPDATE name = VALUES(name), checksum = VALUES(checksum), started_at = VALUES(started_at)`,
      [component, file.version, file.name, file.checksum],
    )
    await connection.query(file.sql)
    await connection.query(
      'UPDATE schema_migrations SET applied_at = UTC_TIMESTAMP() WHERE component = ? AND version = ?',
      [component, file.version],
    )
    await connection.query('COMMIT')
  } catch (error) {
    await connection.query('ROLLBACK').catch(() => {})
    throw new ToolkitError('MIGRATION_FAILED', `${component} ${file.name}: ${messageOf(error)}`, {
      hint: 'repair what the message names, then start again: the file runs again from its first statement',
      details: { component, version: file.version },
      cause: error,
    })
  }
}

/** An older build beside a schema it doesn't know could write what the newer one can't read. */
function refuseNewer(component: string, rows: readonly AppliedRow[], files: readonly Migration[]): void {
  const known = files.at(-1)?.version ?? 0
  const newest = rows.at(-1)?.version ?? 0
  if (newest <= known) return
  throw new ToolkitError(
    'SCHEMA_NEWER',
    `the schema's ${component} part has version ${newest}, this build knows ${known}`,
    { hint: 'start a build at least as new as the schema', details: { component, newest, known } },
  )
}

function refuseChanged(row: AppliedRow, file: Migration): void {
  if (row.checksum === file.checksum) return
  throw new ToolkitError('MIGRATION_CHANGED', `${file.name} was changed after it had been applied`, {
    hint: 'restore that file and put the change into a migration of its own',
    details: { version: file.version, applied: row.checksum, found: file.checksum },
  })
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter(name => name.endsWith('.sql')).sort()
  const files = await Promise.all(
    names.map(async name => {
      const sql = await readFile(join(folder, name), 'utf8')
      const checksum = createHash('sha256').update(sql).digest('hex')
      return { version: Number(fileName.exec(name)?.[1]), name, sql, checksum }
    }),
  )
  const misplaced = files.filter((file, index) => file.version !== index + 1).map(file => file.name)
  if (files.length > 0 && misplaced.length === 0) return files
  throw new ToolkitError(
    'MIGRATIONS_INVALID',
    `${folder} does not hold files 001-….sql, 002-….sql and so on without a gap`,
    { hint: 'number the files in the order they are to run', details: { misplaced } },
  )
}
