import {
  createPool,
  type Pool,
  type PoolConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise'

export type Row = RowDataPacket

/** Either the pool or a connection in a transaction. */
export type Queryable = Pick<PoolConnection, 'execute'>

const deadlock = 1213
const deadlockRetries = 3
/** A statement gives up before its caller does. */
const lockWaitSeconds = 10

/** @param url `mysql://user:password@host:port/schema` */
export function openDatabase(url: string): Pool {
  const pool = createPool({
    uri: url,
    timezone: 'Z',
    charset: 'utf8mb4',
    connectionLimit: 10,
    queueLimit: 500,
    connectTimeout: 5_000,
    enableKeepAlive: true,
  })
  // The wrapped pool: the promise pool emits callback connections under the type of promise ones.
  pool.pool.on('connection', connection => {
    const settings = `innodb_lock_wait_timeout = ${lockWaitSeconds}, lock_wait_timeout = ${lockWaitSeconds}`
    connection.query(`SET SESSION ${settings}`, error => {
      if (error !== null) connection.destroy()
    })
  })
  return pool
}

export async function selectRows(
  db: Queryable,
  sql: string,
  values: readonly (string | number | null)[] = [],
): Promise<Row[]> {
  const [rows] = await db.execute<Row[]>(sql, [...values])
  return rows
}

export async function change(
  db: Queryable,
  sql: string,
  values: readonly (string | number | null)[],
): Promise<ResultSetHeader> {
  const [result] = await db.execute<ResultSetHeader>(sql, [...values])
  return result
}

/** Runs `work` in one transaction; a deadlock's victim is run again, for it has changed nothing. */
export async function inTransaction<T>(pool: Pool, work: (db: Queryable) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const connection = await pool.getConnection()
    try {
      await connection.beginTransaction()
      const result = await work(connection)
      await connection.commit()
      connection.release()
      return result
    } catch (error) {
      await endFailed(connection)
      if ((error as { errno?: number }).errno !== deadlock || attempt === deadlockRetries) throw error
    }
  }
}

/** A connection whose rollback fails may still hold locks: it must not go back to the pool. */
async function endFailed(connection: PoolConnection): Promise<void> {
  try {
    await connection.rollback()
    connection.release()
  } catch {
    connection.destroy()
  }
}
