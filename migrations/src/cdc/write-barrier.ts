import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { connectToolkit, type Database, schemaOf } from '../data/database.ts'
import { errorNumber } from '../data/database-error.ts'
import { qualified } from '../data/sql-text.ts'
import { readServerPosition } from './signal-table.ts'

export type LongTransaction = { connectionId: number; user: string; ageMs: number }

const lockWaitTimeout = 1205

/**
 * Waits until no transaction that has written one of the tables is open: `LOCK TABLES … READ`, twice. The second time
 * also ends statements that had passed the fence's check, yet not begun to write, the first time.
 * @param limits.lockWaitMs for each of the two; the server counts whole seconds, at least one
 * @throws ToolkitError BARRIER_TIMEOUT with the transactions in the way
 */
export async function mdlBarrier(
  database: Database,
  tables: readonly string[],
  limits: { lockWaitMs: number },
): Promise<void> {
  const connection = await connectToolkit(database)
  const locks = tables.map(table => `${qualified(schemaOf(database), table)} READ`).join(', ')
  try {
    await waitForLocksAtMost(connection, limits.lockWaitMs)
    for (let time = 0; time < 2; time++) {
      await connection.query(`LOCK TABLES ${locks}`)
      await connection.query('UNLOCK TABLES')
    }
  } catch (error) {
    if (errorNumber(error) !== lockWaitTimeout) throw error
    throw await timeout('BARRIER_TIMEOUT', connection, database, limits.lockWaitMs, error)
  } finally {
    connection.destroy()
  }
}

/** Open transactions of others on that server, older than `olderThanMs`. */
export async function longTransactions(database: Database, olderThanMs: number): Promise<LongTransaction[]> {
  const connection = await connectToolkit(database)
  try {
    return await openTransactions(connection, olderThanMs)
  } finally {
    connection.destroy()
  }
}

/** GTID position of the server: everything committed so far. Take it after the barrier, never before. */
export async function readPosition(database: Database): Promise<string> {
  const connection = await connectToolkit(database)
  try {
    return await readServerPosition(connection)
  } finally {
    connection.destroy()
  }
}

/**
 * Begins a new binlog file. A stream that starts at a position is served by a scan of the file with that position, so a
 * stream that must start at once (the reverse one, while writes are held) wants a file that is still small. Call it
 * before the hold, on the server that stream will read.
 */
export async function rotateBinlog(database: Database): Promise<void> {
  const connection = await connectToolkit(database)
  try {
    await connection.query('FLUSH NO_WRITE_TO_BINLOG BINARY LOGS')
  } finally {
    connection.destroy()
  }
}

/** Statements of this session wait for metadata locks no longer than this. */
export async function waitForLocksAtMost(connection: Connection, lockWaitMs: number): Promise<void> {
  await connection.query(`SET lock_wait_timeout = ${Math.max(1, Math.ceil(lockWaitMs / 1_000))}`)
}

/** A refusal that names who was waited for. */
export async function timeout(
  code: 'BARRIER_TIMEOUT' | 'FENCE_TIMEOUT',
  connection: Connection,
  database: Database,
  lockWaitMs: number,
  cause: unknown,
): Promise<ToolkitError> {
  const open = await openTransactions(connection, 0).catch(() => [])
  const who = open.map(({ user, connectionId, ageMs }) => `${user} (connection ${connectionId}, ${ageMs} ms)`)
  return new ToolkitError(
    code,
    `open transactions held a table of ${database.name} for more than ${lockWaitMs} ms: ${who.join(', ') || 'none left now'}`,
    {
      details: { lockWaitMs, transactions: open },
      hint: 'end those transactions, or wait longer, then try again',
      cause,
    },
  )
}

async function openTransactions(connection: Connection, olderThanMs: number): Promise<LongTransaction[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT t.trx_mysql_thread_id id, COALESCE(p.USER, '?') user,
            TIMESTAMPDIFF(MICROSECOND, t.trx_started, NOW(6)) DIV 1000 ageMs
       FROM information_schema.INNODB_TRX t
       LEFT JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
      WHERE t.trx_mysql_thread_id <> CONNECTION_ID() AND t.trx_mysql_thread_id <> 0
     HAVING ageMs >= ? ORDER BY ageMs DESC`,
    [olderThanMs],
  )
  return rows.map(row => ({ connectionId: Number(row.id), user: row.user, ageMs: Number(row.ageMs) }))
}
