import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Pool } from 'mysql2/promise'
import { applyMigrations } from '../src/database/apply-migrations.ts'
import { createDatabasePool } from '../src/database/create-database-pool.ts'
import type { Session } from '../src/database/with-transaction.ts'
import { forgetProcessed, inboxMigrations, processOnce } from '../src/inbox/process-once.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'

const now = Date.UTC(2024, 1, 29)
let schema: TestSchema
let pool: Pool

const add = async (session: Session) => {
  await session.run('UPDATE counters SET n = n + 1')
}
const count = async () => ((await schema.admin('SELECT n FROM counters')) as { n: number }[])[0]?.n

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [inboxMigrations])
  await schema.admin('CREATE TABLE counters (n INT NOT NULL)')
  pool = createDatabasePool(schema.url)
})

beforeEach(async () => {
  await schema.admin('DELETE FROM processed_messages; DELETE FROM counters; INSERT INTO counters VALUES (0)')
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

test('acts once on a message that comes twice', async () => {
  expect(await processOnce(pool, 'billing', 'm1', now, add)).toBe(true)
  expect(await processOnce(pool, 'billing', 'm1', now, add)).toBe(false)
  expect(await count()).toBe(1)
})

test('acts once on a message that comes many times at once', async () => {
  const acted = await Promise.all(
    Array.from({ length: 30 }, () => processOnce(pool, 'billing', 'm1', now, add)),
  )
  expect(acted.filter(Boolean)).toHaveLength(1)
  expect(await count()).toBe(1)
})

test('acts in a later delivery when the first one failed, with nothing left of the failure', async () => {
  const failing = processOnce(pool, 'billing', 'm1', now, async session => {
    await add(session)
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await count()).toBe(0)
  expect(await processOnce(pool, 'billing', 'm1', now, add)).toBe(true)
  expect(await count()).toBe(1)
})

test('acts once among many deliveries at once of which the first ones fail', async () => {
  let failures = 3
  const deliver = () =>
    processOnce(pool, 'billing', 'm1', now, async session => {
      await add(session)
      if (failures-- > 0) throw new Error('no')
    })
  const results = await Promise.allSettled(Array.from({ length: 20 }, deliver))
  expect(results.filter(result => result.status === 'rejected')).toHaveLength(3)
  expect(results.filter(result => result.status === 'fulfilled' && result.value)).toHaveLength(1)
  expect(await count()).toBe(1)
})

test('lets every consumer act for itself', async () => {
  expect(await processOnce(pool, 'billing', 'm1', now, add)).toBe(true)
  expect(await processOnce(pool, 'shipping', 'm1', now, add)).toBe(true)
  expect(await count()).toBe(2)
})

test('tells a duplicate of its own from one that the work runs into', async () => {
  await schema.admin('CREATE TABLE IF NOT EXISTS ids (id INT PRIMARY KEY); INSERT IGNORE INTO ids VALUES (1)')
  const clash = processOnce(pool, 'billing', 'm1', now, async session => {
    await session.run('INSERT INTO ids VALUES (?)', [1])
  })
  await expect(clash).rejects.toMatchObject({ errno: 1062 })
  expect(await processOnce(pool, 'billing', 'm1', now, add)).toBe(true)
})

test('forgets messages processed before a moment', async () => {
  await processOnce(pool, 'billing', 'm1', now, add)
  expect(await forgetProcessed(pool, now)).toBe(0)
  expect(await forgetProcessed(pool, now + 1_000)).toBe(1)
})
