import { setTimeout as delay } from 'node:timers/promises'
import { createPool, type Pool } from 'mysql2/promise'

export type PoolLimits = {
  /** Connections to the server at most. */
  connections?: number
  /** Callers that may wait for a connection; the next one is refused at once. */
  waiting?: number
}

/**
 * What every session of a service has, whatever the server's defaults: UTC, row locks without gap locks, and no
 * silent truncation.
 */
const session = `SET SESSION time_zone = '+00:00', tx_isolation = 'READ-COMMITTED', innodb_lock_wait_timeout = 5,
  sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'`

/**
 * Connections of one service to its own schema. Connects on first use, so a server that is away is no error here.
 * DECIMAL, DATETIME and DATE arrive as text: neither a float nor a time zone ever touches them.
 * @param url `mysql://user:password@host:port/schema`
 */
export function createDatabasePool(url: string, limits: PoolLimits = {}): Pool {
  const pool = createPool({
    uri: url,
    timezone: 'Z',
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    connectTimeout: 2_000,
    connectionLimit: limits.connections ?? 16,
    queueLimit: limits.waiting ?? 500,
    enableKeepAlive: true,
    // The server bounds them for all sessions together; lists of different lengths are different statements.
    maxPreparedStatements: 200,
  })
  // Queued ahead of the first statement of whoever asked for the connection.
  pool.pool.on('connection', connection => {
    connection.query(session, error => {
      if (error !== null) connection.destroy()
    })
  })
  return pool
}

/** Says goodbye to the server, for a second at most: one that is away or hangs keeps nobody from stopping. */
export async function closeDatabasePool(pool: Pool): Promise<void> {
  const late = new AbortController()
  await Promise.race([
    pool.end().catch(() => {}),
    delay(1_000, undefined, { signal: late.signal }).catch(() => {}),
  ])
  late.abort()
}
