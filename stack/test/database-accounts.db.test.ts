import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createConnection } from 'mysql2/promise'
import { createDatabaseAccounts, databaseUrl } from '../src/database-accounts.ts'
import type { Secrets } from '../src/secrets.ts'

const adminUrl = process.env.STRANGLER_TEST_DB!
const port = Number(new URL(adminUrl).port)
const secrets: Secrets = {
  root: 'r',
  monolith: 'm1',
  nightly: 'n1',
  customers: 'c1',
  catalog: 'g1',
  orders: 'o1',
  strangler: 's1',
  applier: 'a1',
  token: 't1',
  registry: 'r1',
  viewer: 'v1',
}

beforeAll(async () => {
  await createDatabaseAccounts(adminUrl, secrets)
  await asAccount('monolith', secrets.monolith, 'legacy_shop', 'CREATE TABLE IF NOT EXISTS ISOLATION (A INT)')
  await asAccount('customers', secrets.customers, 'customers', 'CREATE TABLE IF NOT EXISTS isolation (a INT)')
})

afterAll(async () => {
  await asAccount('monolith', secrets.monolith, 'legacy_shop', 'DROP TABLE ISOLATION')
  await asAccount('customers', secrets.customers, 'customers', 'DROP TABLE isolation')
})

async function asAccount(user: string, password: string, schema: string, sql: string): Promise<void> {
  const connection = await createConnection({ uri: databaseUrl(port, user, password, schema) })
  try {
    await connection.query(sql)
  } finally {
    await connection.end()
  }
}

test.each([
  ['customers', 'c1', 'customers', 'SELECT * FROM legacy_shop.ISOLATION'],
  ['customers', 'c1', 'customers', 'SELECT * FROM strangler.anything'],
  ['catalog', 'g1', 'catalog', 'SELECT * FROM customers.isolation'],
  ['orders', 'o1', 'orders', 'SELECT * FROM customers.isolation'],
  ['monolith', 'm1', 'legacy_shop', 'SELECT * FROM customers.isolation'],
  ['nightly', 'n1', 'legacy_shop', 'SELECT * FROM customers.isolation'],
  ['strangler', 's1', 'strangler', 'SELECT * FROM mysql.global_priv'],
])('the account %s cannot read what is not its own: %s %s %s', async (user, password, schema, sql) => {
  await expect(asAccount(user, password, schema, sql)).rejects.toThrow(/denied/)
})

test('the applier changes rows on both sides and nothing else', async () => {
  await asAccount('strangler_applier', 'a1', 'legacy_shop', 'INSERT INTO ISOLATION VALUES (1)')
  await asAccount('strangler_applier', 'a1', 'customers', 'INSERT INTO isolation VALUES (1)')
  await expect(asAccount('strangler_applier', 'a1', 'customers', 'DROP TABLE isolation')).rejects.toThrow(
    /denied/,
  )
})

test('accounts that exist keep their grants when they are created again', async () => {
  const root = await createConnection({ uri: adminUrl })
  await root.query("REVOKE DROP ON legacy_shop.* FROM 'nightly'@'127.0.0.1'")
  await createDatabaseAccounts(adminUrl, secrets)
  await expect(asAccount('nightly', 'n1', 'legacy_shop', 'DROP TABLE ISOLATION')).rejects.toThrow(/denied/)
  await root.query("GRANT DROP ON legacy_shop.* TO 'nightly'@'127.0.0.1'")
  await root.end()
})

test('accounts that exist get their grants on a schema that is new', async () => {
  const root = await createConnection({ uri: adminUrl })
  try {
    await root.query('DROP DATABASE messaging')
    await root.query("REVOKE ALL ON messaging.* FROM 'orders'@'127.0.0.1'")
    await createDatabaseAccounts(adminUrl, secrets)
    await asAccount('orders', 'o1', 'messaging', 'CREATE TABLE anything (a INT)')
  } finally {
    await root.end()
  }
})
