import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { applyMigrations } from '@strangler/chassis/database/apply-migrations.ts'
import { createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import { isWriteFenced } from '@strangler/chassis/database/database-error.ts'
import { idempotencyMigrations, removeExpiredKeys } from '@strangler/chassis/idempotency/idempotency-store.ts'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import type { Pool } from 'mysql2/promise'
import type { CustomersRepository } from '../src/application/customers-repository.ts'
import { createCustomersRepository, customersMigrations } from '../src/sql/customers-repository.ts'
import { noon } from './customers-app.ts'
import { newCustomer, testCustomersRepository } from './repository-contract.ts'

let schema: TestSchema
let pool: Pool

async function emptyRepository(): Promise<CustomersRepository> {
  await schema.admin('DELETE FROM customer_notes; DELETE FROM customers; DELETE FROM idempotency_keys')
  return createCustomersRepository(pool, noon)
}

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [customersMigrations, idempotencyMigrations])
  pool = createDatabasePool(schema.url)
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

testCustomersRepository(emptyRepository)

test('answers prefix search from the index', async () => {
  const plan = await schema.admin("EXPLAIN SELECT id FROM customers WHERE name LIKE 'Ann%' ESCAPE '|'")
  expect(plan).toEqual([
    expect.objectContaining({ possible_keys: expect.stringContaining('customers_name') }),
  ])
})

test('lets two changes of one customer follow each other', async () => {
  const repository = await emptyRepository()
  const { id } = await repository.write(writer => writer.insert(newCustomer('0')), { rehearsal: false })
  const increase = () =>
    repository.write(
      async writer => {
        const customer = await writer.lock(id)
        await writer.update({ ...customer!, name: String(Number(customer!.name) + 1) })
      },
      { rehearsal: false },
    )
  await Promise.all(Array.from({ length: 25 }, increase))
  expect((await repository.find(id))?.name).toBe('25')
})

test('says that a write was refused by the fence, and keeps no key of it', async () => {
  const repository = await emptyRepository()
  await schema.admin(`CREATE TRIGGER strangler_fence_ins_customers BEFORE INSERT ON customers FOR EACH ROW
    IF SUBSTRING_INDEX(USER(), '@', 1) <> 'strangler_applier' THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644,
        MESSAGE_TEXT = 'STRANGLER-FENCE capability customers is written on the legacy side, epoch 3';
    END IF`)
  const refused = await repository
    .write(
      async writer => {
        await writer.idempotency.claim('k', 'h')
        return writer.insert(newCustomer('Ann'))
      },
      { rehearsal: false },
    )
    .catch((error: unknown) => error)
  await schema.admin('DROP TRIGGER strangler_fence_ins_customers')
  expect(isWriteFenced(refused)).toBe(true)
  expect(await schema.admin('SELECT COUNT(*) AS n FROM idempotency_keys')).toEqual([{ n: 0 }])
})

test('removes keys whose time is over', async () => {
  const repository = await emptyRepository()
  const claim = (key: string) =>
    repository.write(
      async writer => {
        await writer.idempotency.claim(key, 'h')
        await writer.idempotency.complete(key, { status: 200, headers: {}, body: null })
      },
      { rehearsal: false },
    )
  await claim('old')
  expect(await removeExpiredKeys(pool, noon.now())).toBe(0)
  expect(await removeExpiredKeys(pool, noon.now() + 1_000)).toBe(1)
})

test('has no right to any other schema', async () => {
  const [rows] = await pool.query(
    "SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name <> 'information_schema'",
  )
  expect(rows).toEqual([{ name: schema.name }])
  await expect(pool.query('SELECT * FROM mysql.user')).rejects.toMatchObject({ errno: 1142 })
})
