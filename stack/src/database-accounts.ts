import { createConnection, type RowDataPacket } from 'mysql2/promise'
import type { Secrets } from './secrets.ts'

/** A schema for each owner. */
const schemas = ['legacy_shop', 'customers', 'strangler']

/**
 * What each account may do. An owner has its own schema and no other; the toolkit has both sides' schemas, with the
 * right to pass on and take back DROP while a fence stands; the applier writes rows, under an origin of its own.
 */
function grants(secrets: Secrets): { user: string; password: string; statements: string[] }[] {
  const toolkitRights = 'REPLICATION SLAVE, BINLOG MONITOR, RELOAD, PROCESS, BINLOG REPLAY, CONNECTION ADMIN'
  return [
    { user: 'monolith', password: secrets.monolith, statements: ['ALL ON legacy_shop.*'] },
    { user: 'nightly', password: secrets.nightly, statements: ['ALL ON legacy_shop.*'] },
    { user: 'customers', password: secrets.customers, statements: ['ALL ON customers.*'] },
    {
      user: 'strangler',
      password: secrets.strangler,
      statements: [
        `${toolkitRights} ON *.*`,
        'SELECT ON mysql.db',
        'SELECT ON mysql.tables_priv',
        ...schemas.map(schema => `ALL ON ${schema}.*`),
      ],
    },
    {
      user: 'strangler_applier',
      password: secrets.applier,
      statements: [
        'BINLOG REPLAY ON *.*',
        ...schemas.map(schema => `SELECT, INSERT, UPDATE, DELETE ON ${schema}.*`),
      ],
    },
  ]
}

/** Creates schemas and accounts; safe to repeat. An account that exists keeps its grants:
 * a fence that stands has taken some of them back on purpose. */
export async function createDatabaseAccounts(adminUrl: string, secrets: Secrets): Promise<void> {
  const connection = await createConnection({ uri: adminUrl })
  try {
    for (const schema of schemas)
      await connection.query(
        `CREATE DATABASE IF NOT EXISTS \`${schema}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
      )
    for (const { user, password, statements } of grants(secrets)) {
      const [known] = await connection.query<RowDataPacket[]>('SELECT 1 FROM mysql.user WHERE User = ?', [
        user,
      ])
      if (known.length > 0) {
        await connection.query(`ALTER USER '${user}'@'127.0.0.1' IDENTIFIED BY '${password}'`)
        continue
      }
      await connection.query(`CREATE USER '${user}'@'127.0.0.1' IDENTIFIED BY '${password}'`)
      for (const statement of statements) {
        const passOn = user === 'strangler' && statement.startsWith('ALL') ? ' WITH GRANT OPTION' : ''
        await connection.query(`GRANT ${statement} TO '${user}'@'127.0.0.1'${passOn}`)
      }
    }
  } finally {
    await connection.end()
  }
}

/** `mysql://user:password@127.0.0.1:PORT/schema`. */
export function databaseUrl(port: number, user: string, password: string, schema: string): string {
  return `mysql://${user}:${password}@127.0.0.1:${port}/${schema}`
}
