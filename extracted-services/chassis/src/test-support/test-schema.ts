import { randomBytes } from 'node:crypto'
import { createConnection } from 'mysql2/promise'

export type TestSchema = {
  name: string
  /** URL of an account that has this schema and no other. */
  url: string
  host: string
  port: number
  /** Runs statements as the administrator, in this schema. */
  admin(sql: string): Promise<unknown>
  drop(): Promise<void>
}

/**
 * A schema of its own for one test file, with an account of its own as a service has.
 * @param adminUrl the administrator's URL, `STRANGLER_TEST_DB`
 */
export async function createTestSchema(adminUrl: string | undefined): Promise<TestSchema> {
  if (adminUrl === undefined)
    throw new Error('STRANGLER_TEST_DB is not set: run the tests of the project "db"')
  const name = `t_${randomBytes(6).toString('hex')}`
  const password = randomBytes(8).toString('hex')
  const connection = await createConnection({ uri: adminUrl, multipleStatements: true, timezone: 'Z' })
  await connection.query(
    `CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
     CREATE USER ${name}@'127.0.0.1' IDENTIFIED BY '${password}';
     GRANT ALL ON ${name}.* TO ${name}@'127.0.0.1';
     USE ${name}`,
  )
  const { hostname: host, port } = new URL(adminUrl)
  return {
    name,
    host,
    port: Number(port),
    url: `mysql://${name}:${password}@${host}:${port}/${name}`,
    admin: async sql => (await connection.query(sql))[0],
    drop: async () => {
      await connection.query(`DROP DATABASE ${name}; DROP USER ${name}@'127.0.0.1'`)
      await connection.end()
    },
  }
}
