import { setTimeout as delay } from 'node:timers/promises'
import type { QueryError, PoolConnection as RawConnection } from 'mysql2'
import type { ExecuteValues, Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { isConnectionLost, isTransactionConflict } from './database-error.ts'

/** One connection for the duration of a piece of work. Statements are prepared; each has 10 seconds. */
export type Session = {
  rows<Row>(sql: string, values?: ExecuteValues): Promise<Row[]>
  run(sql: string, values?: ExecuteValues): Promise<{ affectedRows: number; insertId: number }>
}

const statementTimeoutMs = 10_000
const poolWaitMs = 3_000
const attempts = 8

/** Runs statements on one connection, outside any transaction. */
export async function withSession<T>(pool: Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const connection = await acquire(pool)
  try {
    const result = await work(sessionOn(connection))
    connection.release()
    return result
  } catch (error) {
    discard(connection, error)
    throw error
  }
}

/**
 * One transaction: committed when `work` resolves, rolled back when it throws. `work` runs again, up to 8 times, when
 * the server sacrificed the transaction to another one (deadlock), so it must have no effect besides its statements.
 * @param rehearsal rolls back in the end too, so that nothing stays but the answer
 */
export async function withTransaction<T>(
  pool: Pool,
  work: (session: Session) => Promise<T>,
  { rehearsal = false }: { rehearsal?: boolean } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withSession(pool, session => transact(session, work, rehearsal))
    } catch (error) {
      if (!isTransactionConflict(error) || attempt === attempts) throw error
      // At random, lest those who met in the deadlock meet again.
      await delay(Math.random() * 10 * attempt)
    }
  }
}

async function transact<T>(
  session: Session,
  work: (session: Session) => Promise<T>,
  rehearsal: boolean,
): Promise<T> {
  await session.run('START TRANSACTION')
  try {
    const result = await work(session)
    await session.run(rehearsal ? 'ROLLBACK' : 'COMMIT')
    return result
  } catch (error) {
    // A connection that is gone has rolled back by itself, and is thrown away by the caller.
    if (!isConnectionLost(error)) await session.run('ROLLBACK')
    throw error
  }
}

function sessionOn(pooled: PoolConnection): Session {
  // What its types don't say: below the promises is the connection that takes callbacks.
  const connection = pooled.connection as unknown as RawConnection
  return {
    rows: async <Row>(sql: string, values: ExecuteValues = []) =>
      (await inTime(answerOf<RowDataPacket[]>(done => connection.execute(sql, values, done)))) as Row[],
    run: async (sql, values) => {
      // Transaction verbs and DDL can't all be prepared; with no values there is nothing to prepare for.
      const { affectedRows, insertId } = await inTime(
        answerOf<ResultSetHeader>(done =>
          values === undefined ? connection.query(sql, done) : connection.execute(sql, values, done),
        ),
      )
      return { affectedRows, insertId }
    },
  }
}

/** The driver's own promises take a stack with every statement, which is a twentieth of what an order costs. */
function answerOf<T>(start: (done: (error: QueryError | null, result: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)))
  })
}

/** The driver's own timeout keeps its timer, and with it the process, when the connection is lost meanwhile. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`a statement was not answered within ${statementTimeoutMs} ms`)
      reject(Object.assign(error, { code: 'STATEMENT_TIMEOUT' }))
    }, statementTimeoutMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A server that hangs keeps its connections: who waits for one is let go instead of hanging too. */
async function acquire(pool: Pool): Promise<PoolConnection> {
  let expired = false
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      expired = true
      reject(new Error(`no database connection became free within ${poolWaitMs} ms`))
    }, poolWaitMs)
  })
  const connection = pool.getConnection()
  connection.then(
    late => expired && late.release(),
    () => {},
  )
  try {
    return await Promise.race([connection, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** After a timeout or a lost packet nobody knows what the connection will answer next: it is not used again. */
function discard(connection: PoolConnection, error: unknown): void {
  if (isConnectionLost(error)) connection.destroy()
  else connection.release()
}
