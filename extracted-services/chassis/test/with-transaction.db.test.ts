import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Pool } from 'mysql2/promise'
import { createDatabasePool } from '../src/database/create-database-pool.ts'
import { isDatabaseUnavailable } from '../src/database/database-error.ts'
import { withSession, withTransaction } from '../src/database/with-transaction.ts'
import { type CuttableRelay, startCuttableRelay } from '../src/test-support/cuttable-relay.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'

let schema: TestSchema
let pool: Pool
const rows = () => schema.admin('SELECT id, n FROM counters ORDER BY id')

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await schema.admin('CREATE TABLE counters (id INT PRIMARY KEY, n INT NOT NULL)')
  pool = createDatabasePool(schema.url)
})

beforeEach(async () => {
  await schema.admin('DELETE FROM counters; INSERT INTO counters VALUES (1, 0), (2, 0)')
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

test('gives every session UTC, row locks without gaps, and no silent truncation', async () => {
  const sql = 'SELECT @@time_zone AS zone, @@tx_isolation AS isolation, @@sql_mode AS mode'
  const [session] = await withSession(pool, ({ rows }) => rows<Record<string, string>>(sql))
  expect(session).toMatchObject({ zone: '+00:00', isolation: 'READ-COMMITTED' })
  expect(session?.mode).toContain('STRICT_ALL_TABLES')
})

test('runs a transaction again that lost a deadlock', async () => {
  let runs = 0
  const met = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const add = (first: number, second: number, turn: number) =>
    withTransaction(pool, async session => {
      runs++
      await session.run('UPDATE counters SET n = n + 1 WHERE id = ?', [first])
      met[turn]?.resolve()
      await met[1 - turn]?.promise
      await session.run('UPDATE counters SET n = n + 1 WHERE id = ?', [second])
    })
  await Promise.all([add(1, 2, 0), add(2, 1, 1)])
  expect(await rows()).toEqual([
    { id: 1, n: 2 },
    { id: 2, n: 2 },
  ])
  expect(runs).toBe(3)
})

test('keeps nothing of a rehearsal', async () => {
  const answer = await withTransaction(
    pool,
    async session => (await session.run('UPDATE counters SET n = 5 WHERE id = ?', [1])).affectedRows,
    { rehearsal: true },
  )
  expect(answer).toBe(1)
  expect(await rows()).toContainEqual({ id: 1, n: 0 })
})

test('lets callers go when all connections are taken', async () => {
  const small = createDatabasePool(schema.url, { connections: 1, waiting: 1 })
  const release = Promise.withResolvers<void>()
  const holder = withSession(small, () => release.promise)
  const waiting = withSession(small, async () => 'late')
  const refused = await withSession(small, async () => 'never').catch((error: unknown) => error)
  expect(isDatabaseUnavailable(refused)).toBe(true)
  const expired = await waiting.catch((error: unknown) => error)
  expect(isDatabaseUnavailable(expired)).toBe(true)
  release.resolve()
  await holder
  expect(await withSession(small, async () => 'again')).toBe('again')
  await small.end()
})

test('serves again after the server was away, and commits nothing of what was cut', async () => {
  const relay: CuttableRelay = await startCuttableRelay(schema.host, schema.port)
  const relayed = createDatabasePool(schema.url.replace(`:${schema.port}/`, `:${relay.port}/`))
  const add = (cut: boolean) =>
    withTransaction(relayed, async session => {
      await session.run('UPDATE counters SET n = n + 1 WHERE id = ?', [1])
      if (cut) await relay.cut()
    })
  await add(false)
  const away = await add(true).catch((error: unknown) => error)
  expect(isDatabaseUnavailable(away)).toBe(true)
  const still = await add(false).catch((error: unknown) => error)
  expect(isDatabaseUnavailable(still)).toBe(true)
  await relay.restore()
  await add(false)
  expect(await rows()).toContainEqual({ id: 1, n: 2 })
  await relayed.end()
  await relay.close()
})
