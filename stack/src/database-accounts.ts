import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import type { Secrets } from './secrets.ts'

/** A schema for each owner, and `messaging`: the message log that the services share. */
const schemas = ['legacy_shop', 'customers', 'catalog', 'orders', 'strangler', 'messaging']
const sides = ['legacy_shop', 'customers', 'catalog', 'orders', 'strangler']

/**
 * What each account may do. An owner has its own schema and no other; the toolkit has both sides' schemas, with the
 * right to pass on and take back DROP while a fence stands; the applier writes rows, under an origin of its own.
 */
function grants(secrets: Secrets): { user: string; password: string; statements: string[] }[] {
  const toolkitRights = 'REPLICATION SLAVE, BINLOG MONITOR, RELOAD, PROCESS, BINLOG REPLAY, CONNECTION ADMIN'
  return [
    { user: 'monolith', password: secrets.monolith, statements: ['ALL ON legacy_shop.*'] },
    { user: 'nightly', password: secrets.nightly, statements: ['ALL ON legacy_shop.*'] },
    ...(['customers', 'catalog', 'orders'] as const).map(name => ({
      user: name,
      password: secrets[name],
      statements: [`ALL ON ${name}.*`, 'ALL ON messaging.*'],
    })),
    {
      user: 'strangler',
      password: secrets.strangler,
      statements: [
        `${toolkitRights} ON *.*`,
        'SELECT ON mysql.db',
        'SELECT ON mysql.tables_priv',
        ...sides.map(schema => `ALL ON ${schema}.*`),
      ],
    },
    {
      user: 'strangler_applier',
      password: secrets.applier,
      statements: [
        'BINLOG REPLAY ON *.*',
        ...sides.map(schema => `SELECT, INSERT, UPDATE, DELETE ON ${schema}.*`),
      ],
    },
  ]
}

/**
 * Creates schemas and accounts; safe to repeat. An account that exists keeps its grants, since a fence that stands has
 * taken some of them back on purpose, and gets those on schemas that are new.
 */
export async function createDatabaseAccounts(adminUrl: string, secrets: Secrets): Promise<void> {
  const connection = await createConnection({ uri: adminUrl })
  try {
    const created = await createSchemas(connection)
    for (const { user, password, statements } of grants(secrets)) {
      const account = `'${user}'@'127.0.0.1'`
      const [known] = await connection.query<RowDataPacket[]>('SELECT 1 FROM mysql.user WHERE User = ?', [
        user,
      ])
      const verb = known.length > 0 ? 'ALTER' : 'CREATE'
      await connection.query(`${verb} USER ${account} IDENTIFIED BY '${password}'`)
      const lacking =
        known.length === 0
          ? statements
          : statements.filter(statement => created.some(schema => statement.endsWith(`ON ${schema}.*`)))
      for (const statement of lacking) {
        const passOn = user === 'strangler' && statement.startsWith('ALL') ? ' WITH GRANT OPTION' : ''
        await connection.query(`GRANT ${statement} TO ${account}${passOn}`)
      }
    }
  } finally {
    await connection.end()
  }
}

/** The schemas that were not there before. */
async function createSchemas(connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SHOW DATABASES')
  const known = new Set(rows.map(row => String(row.Database)))
  const missing = schemas.filter(schema => !known.has(schema))
  for (const schema of missing)
    await connection.query(
      `CREATE DATABASE IF NOT EXISTS \`${schema}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
    )
  return missing
}

/** `mysql://user:password@127.0.0.1:PORT/schema`. */
export function databaseUrl(port: number, user: string, password: string, schema: string): string {
  return `mysql://${user}:${password}@127.0.0.1:${port}/${schema}`
}
