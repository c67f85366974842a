import type { Connection, RowDataPacket } from 'mysql2/promise'
import { connectionOptions, type Database, schemaOf } from '../data/database.ts'
import { identifier, literal } from '../data/sql-text.ts'

/** DROP on a whole schema (`table` empty) or on one table. */
type Right = { user: string; host: string; schema: string; table: string }

/**
 * Takes DROP, and with it TRUNCATE, from every account but the toolkit's own, as far as it was granted on the schema or
 * on one of the tables; remembers what it took. Two capabilities may fence one schema: the right comes back with the last.
 */
export async function revokeDrop(
  connection: Connection,
  database: Database,
  capability: string,
  tables: readonly string[],
): Promise<{ revoked: string[]; notRevoked: string[] }> {
  const notRevoked = new Set(await globalDrops(connection))
  for (const right of await grantedDrops(connection, database, tables)) {
    await remember(connection, database, capability, right)
    try {
      await connection.query(`REVOKE DROP ON ${object(right)} FROM ${account(right)}`)
    } catch {
      await forget(connection, database, capability, right)
      notRevoked.add(account(right))
    }
  }
  // what another capability's fence has taken must not come back before ours falls too
  await connection.query(
    `INSERT IGNORE INTO ${store(database)}
       (capability, schema_name, table_name, grantee_user, grantee_host, revoked_at)
     SELECT ?, schema_name, table_name, grantee_user, grantee_host, NOW(6) FROM ${store(database)}
      WHERE schema_name IN (?) AND (table_name = '' OR table_name IN (?))`,
    [capability, spellings(database), someOf(tables)],
  )
  const revoked = (await remembered(connection, database, capability)).map(({ right }) => account(right))
  return { revoked: [...new Set(revoked)], notRevoked: [...notRevoked] }
}

/** Gives back what `revokeDrop` took, unless another capability's fence still needs it taken. */
export async function restoreDrop(
  connection: Connection,
  database: Database,
  capability: string,
): Promise<void> {
  for (const { right, others } of await remembered(connection, database, capability)) {
    if (others === 0) await connection.query(`GRANT DROP ON ${object(right)} TO ${account(right)}`)
    await forget(connection, database, capability, right)
  }
}

async function remembered(
  connection: Connection,
  database: Database,
  capability: string,
): Promise<{ right: Right; others: number }[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT schema_name, table_name, grantee_user, grantee_host,
            (SELECT COUNT(*) FROM ${store(database)} other
              WHERE other.capability <> mine.capability AND other.schema_name = mine.schema_name
                AND other.table_name = mine.table_name AND other.grantee_user = mine.grantee_user
                AND other.grantee_host = mine.grantee_host) others
       FROM ${store(database)} mine WHERE capability = ? AND schema_name IN (?)`,
    [capability, spellings(database)],
  )
  return rows.map(row => ({
    right: { user: row.grantee_user, host: row.grantee_host, schema: row.schema_name, table: row.table_name },
    others: Number(row.others),
  }))
}

async function grantedDrops(
  connection: Connection,
  database: Database,
  tables: readonly string[],
): Promise<Right[]> {
  const own = connectionOptions(database.toolkitUrl).user
  const [onSchema] = await connection.query<RowDataPacket[]>(
    "SELECT User user, Host host, Db db, '' tableName FROM mysql.db WHERE Db IN (?) AND Drop_priv = 'Y' AND User <> ?",
    [spellings(database), own],
  )
  const [onTables] = await connection.query<RowDataPacket[]>(
    `SELECT User user, Host host, Db db, Table_name tableName FROM mysql.tables_priv
      WHERE Db = ? AND Table_name IN (?) AND FIND_IN_SET('Drop', Table_priv) > 0 AND User <> ?`,
    [schemaOf(database), someOf(tables), own],
  )
  return [...onSchema, ...onTables].map(row => ({
    user: row.user,
    host: row.host,
    schema: row.db,
    table: row.tableName,
  }))
}

/** `IN ()` is no SQL. */
function someOf(tables: readonly string[]): readonly string[] {
  return tables.length === 0 ? [''] : tables
}

/** In a grant `_` is a wildcard, so a schema's name may have been written escaped; a REVOKE must spell it alike. */
function spellings(database: Database): string[] {
  const schema = schemaOf(database)
  return [schema, schema.replaceAll('_', '\\_')]
}

/** Accounts that may drop anything anywhere; null-safe where the toolkit may not look. */
async function globalDrops(connection: Connection): Promise<string[]> {
  const [rows] = await connection
    .query<RowDataPacket[]>(
      "SELECT DISTINCT GRANTEE grantee FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'DROP'",
    )
    .catch(() => [[]] as unknown as [RowDataPacket[]])
  return rows.map(row => row.grantee)
}

async function remember(
  connection: Connection,
  database: Database,
  capability: string,
  right: Right,
): Promise<void> {
  await connection.query(
    `INSERT IGNORE INTO ${store(database)}
       (capability, schema_name, table_name, grantee_user, grantee_host, revoked_at) VALUES (?, ?, ?, ?, ?, NOW(6))`,
    [capability, right.schema, right.table, right.user, right.host],
  )
}

async function forget(
  connection: Connection,
  database: Database,
  capability: string,
  right: Right,
): Promise<void> {
  await connection.query(
    `DELETE FROM ${store(database)} WHERE capability = ? AND schema_name = ? AND table_name = ?
       AND grantee_user = ? AND grantee_host = ?`,
    [capability, right.schema, right.table, right.user, right.host],
  )
}

function object({ schema, table }: Right): string {
  return `${identifier(schema)}.${table === '' ? '*' : identifier(table)}`
}

function account({ user, host }: Right): string {
  return `${literal(user)}@${literal(host)}`
}

function store(database: Database): string {
  return `${identifier(database.controlSchema)}.revoked_drop`
}
