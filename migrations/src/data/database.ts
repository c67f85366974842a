import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Connection, createConnection } from 'mysql2/promise'

/** One side's database and the two accounts the toolkit uses there. */
export type Database = {
  /** As the plan names it (`legacy`, `customers`): for messages. */
  name: string
  /** `mysql://strangler:…@host:port/schema`: tails the binlog, fences, copies, compares, writes signals. */
  toolkitUrl: string
  /** `mysql://strangler_applier:…@host:port/schema`: writes rows under the toolkit's origin; the fence lets it pass. */
  applierUrl: string
  /** Schema on this server with the toolkit's own tables (`strangler`): checkpoint, signal, … */
  controlSchema: string
}

/**
 * What the applier's sessions carry, so that the other direction's source can tell their transactions and drop them.
 * One domain for all appliers: the server numbers a domain's transactions itself, also for concurrent sessions and
 * differing server ids, so `gtid_strict_mode` holds. The server id tells the direction.
 */
export const origin = { domain: 4242, serverId: { forward: 424201, reverse: 424202 } } as const

/** No mode that bends values (zero ids, truncation, silent engine change), and backslash escapes as `literal` writes them. */
const sqlMode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'

/** The parts of a database URL, in mysql2's words. */
export function connectionOptions(url: string) {
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 3306 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    timezone: 'Z',
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    jsonStrings: true,
  }
}

/** The schema a database's tables are in. */
export function schemaOf(database: Database): string {
  return connectionOptions(database.toolkitUrl).database
}

/** The account that the fence lets pass. */
export function applierUser(database: Database): string {
  return connectionOptions(database.applierUrl).user
}

/**
 * A session in UTC whose values come as `SqlValue` says.
 * @throws ToolkitError DATABASE_UNREACHABLE
 */
export async function connectToolkit(database: Database): Promise<Connection> {
  return connect(database.toolkitUrl, database.name, [])
}

/**
 * A session of the applier's account whose transactions carry the toolkit's origin.
 * @throws ToolkitError DATABASE_UNREACHABLE
 */
export async function connectApplier(
  database: Database,
  direction: 'forward' | 'reverse',
): Promise<Connection> {
  return connect(database.applierUrl, database.name, [
    `gtid_domain_id = ${origin.domain}`,
    `server_id = ${origin.serverId[direction]}`,
    "tx_isolation = 'READ-COMMITTED'",
    'innodb_lock_wait_timeout = 10',
    'lock_wait_timeout = 10',
  ])
}

async function connect(url: string, name: string, settings: readonly string[]): Promise<Connection> {
  let connection: Connection
  try {
    connection = await createConnection({ ...connectionOptions(url), connectTimeout: 10_000 })
  } catch (error) {
    throw new ToolkitError('DATABASE_UNREACHABLE', `database ${name}: ${messageOf(error)}`, {
      hint: 'check that the server runs, and the account of the URL',
      cause: error,
    })
  }
  // a connection that dies while idle must not end the process; its next query fails
  connection.on('error', () => {})
  try {
    await connection.query(
      `SET ${["time_zone = '+00:00'", `sql_mode = '${sqlMode}'`, ...settings].join(', ')}`,
    )
    return connection
  } catch (error) {
    connection.destroy()
    throw error
  }
}
