import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { auditMigrations } from '@strangler/chassis/audit/audit-trail.ts'
import { applyMigrations } from '@strangler/chassis/database/apply-migrations.ts'
import { createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import { isWriteFenced } from '@strangler/chassis/database/database-error.ts'
import { withSession } from '@strangler/chassis/database/with-transaction.ts'
import { idempotencyMigrations } from '@strangler/chassis/idempotency/idempotency-store.ts'
import { outboxMigrations, readOutbox } from '@strangler/chassis/outbox/outbox.ts'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import fc from 'fast-check'
import type { Pool } from 'mysql2/promise'
import type { CatalogRepository } from '../src/application/catalog-repository.ts'
import { commit, release, reserve } from '../src/application/change-reservations.ts'
import type { Line } from '../src/domain/reservation.ts'
import { catalogMigrations, createCatalogRepository } from '../src/sql/catalog-repository.ts'
import { removeEndedReservations } from '../src/sql/reservation-rows.ts'
import { noon } from './catalog-app.ts'
import { at, newProduct, testCatalogRepository, traceparent } from './repository-contract.ts'

const kept = { rehearsal: false, traceparent }
const tables = [
  'reservation_lines',
  'reservations',
  'stock',
  'products',
  'idempotency_keys',
  'outbox_messages',
]
let schema: TestSchema
let pool: Pool

async function emptyCatalog(): Promise<CatalogRepository> {
  await schema.admin(tables.map(table => `DELETE FROM ${table}`).join('; '))
  return createCatalogRepository(pool, noon)
}

async function stocked(stocks: Readonly<Record<string, number>>): Promise<CatalogRepository> {
  const catalog = await emptyCatalog()
  for (const [sku, stock] of Object.entries(stocks))
    await catalog.write(writer => writer.insert(newProduct(sku, { stock })), kept)
  return catalog
}

const take = (catalog: CatalogRepository, orderId: string, ...lines: Line[]) =>
  catalog.write(writer => reserve(writer, orderId, lines, at), kept)
const giveBack = (catalog: CatalogRepository, orderId: string) =>
  catalog.write(writer => release(writer, orderId, at), kept)
const finish = (catalog: CatalogRepository, orderId: string) =>
  catalog.write(writer => commit(writer, orderId, at), kept)

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [
    catalogMigrations,
    auditMigrations,
    idempotencyMigrations,
    outboxMigrations,
  ])
  pool = createDatabasePool(schema.url)
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

testCatalogRepository(async () => ({
  catalog: await emptyCatalog(),
  messages: async () => {
    const rows = await withSession(pool, session => readOutbox(session, 1_000))
    return rows.map(row => row.message)
  },
}))

test('sells no piece twice, however many ask for the last ones at once', async () => {
  const catalog = await stocked({ A: 25, B: 1_000 })
  const orders = Array.from({ length: 60 }, (_, index) => `o-${index}`)
  const outcomes = await Promise.all(
    orders.map(order => take(catalog, order, { sku: 'A', quantity: 1 }, { sku: 'B', quantity: 2 })),
  )
  const statuses = Map.groupBy(outcomes, ({ reservation }) => reservation.status)
  expect([statuses.get('reserved')?.length, statuses.get('refused')?.length]).toEqual([25, 35])
  expect(await schema.admin('SELECT sku, quantity FROM stock ORDER BY sku')).toEqual([
    { sku: 'A', quantity: 0 },
    { sku: 'B', quantity: 950 },
  ])
  const refusals = await schema.admin(
    "SELECT COUNT(*) AS n FROM outbox_messages WHERE type = 'StockRefused' AND JSON_VALUE(payload, '$.shortages[0].available') = 0",
  )
  expect(refusals).toEqual([{ n: 35 }])
})

test('runs no transaction twice for orders that name the same products in opposite orders', async () => {
  const catalog = await stocked({ A: 500, B: 500, C: 500 })
  const lines = ['A', 'B', 'C'].map(sku => ({ sku, quantity: 1 }))
  // A transaction that loses in a deadlock is run again, see withTransaction.
  let runs = 0
  const count = (index: number) =>
    catalog.write(writer => {
      runs++
      return reserve(writer, `o-${index}`, index % 2 === 0 ? lines : lines.toReversed(), at)
    }, kept)
  await Promise.all(Array.from({ length: 60 }, (_, index) => count(index)))
  expect(runs).toBe(60)
  expect(await schema.admin('SELECT DISTINCT quantity FROM stock')).toEqual([{ quantity: 440 }])
})

test('loses and invents no piece while orders are reserved, released and committed at random', async () => {
  const catalog = await stocked({ A: 12, B: 9 })
  const step = fc.record({ order: fc.nat(29), verb: fc.constantFrom(take, take, giveBack, finish) })
  const attempts = fc.sample(step, { seed: 7, numRuns: 240 }).map(({ order, verb }) =>
    // The lines follow from the order, as those of a repeated request do.
    verb(
      catalog,
      `o-${order}`,
      { sku: 'A', quantity: 1 + (order % 3) },
      { sku: 'B', quantity: 1 + (order % 2) },
    ).catch((error: { code: string }) => error.code),
  )
  const outcomes = await Promise.all(attempts)
  expect(
    outcomes.filter(outcome => typeof outcome === 'string' && !/^(RESERVATION_|OUT_OF)/.test(outcome)),
  ).toEqual([])
  expect(
    await schema.admin(`SELECT s.sku, CAST(s.quantity + COALESCE(SUM(l.quantity), 0) AS INT) AS pieces, s.quantity >= 0 AS ok
      FROM stock s LEFT JOIN (reservation_lines l JOIN reservations r
        ON r.order_id = l.order_id AND r.status IN ('reserved', 'committed')) ON l.sku = s.sku
      GROUP BY s.sku ORDER BY s.sku`),
  ).toEqual([
    { sku: 'A', pieces: 12, ok: 1 },
    { sku: 'B', pieces: 9, ok: 1 },
  ])
  // How many came to what depends on who was first; that a row was left half made never does.
  expect(await schema.admin("SELECT COUNT(*) AS n FROM reservations WHERE status = 'pending'")).toEqual([
    { n: 0 },
  ])
})

test('says that a write was refused by the fence on stock alone, and keeps nothing of it', async () => {
  const catalog = await stocked({ A: 5 })
  await schema.admin(`CREATE TRIGGER strangler_fence_upd_stock BEFORE UPDATE ON stock FOR EACH ROW
    IF SUBSTRING_INDEX(USER(), '@', 1) <> 'strangler_applier' THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644,
        MESSAGE_TEXT = 'STRANGLER-FENCE capability stock is written on the legacy side, epoch 3';
    END IF`)
  const refused = await take(catalog, 'o', { sku: 'A', quantity: 1 }).catch((error: unknown) => error)
  expect(await catalog.write(writer => writer.setPrice('A', '9.99', at), kept)).toBe(true)
  await schema.admin('DROP TRIGGER strangler_fence_upd_stock')
  expect(isWriteFenced(refused)).toBe(true)
  expect(await catalog.findReservation('o')).toBeUndefined()
  expect(await catalog.find('A')).toMatchObject({ stock: 5, price: '9.99' })
})

test('removes what came to its end when its time is over, and no reservation that is open', async () => {
  const catalog = await stocked({ A: 50 })
  const line = { sku: 'A', quantity: 1 }
  for (const order of ['open', 'released', 'committed']) await take(catalog, order, line)
  await take(catalog, 'refused', { sku: 'A', quantity: 99 })
  await giveBack(catalog, 'released')
  await giveBack(catalog, 'tombstone')
  await finish(catalog, 'committed')
  expect(await removeEndedReservations(pool, Date.parse(at))).toBe(0)
  expect(await removeEndedReservations(pool, Date.parse(at) + 1_000)).toBe(4)
  expect(await schema.admin('SELECT order_id FROM reservations')).toEqual([{ order_id: 'open' }])
  expect(await schema.admin('SELECT order_id FROM reservation_lines')).toEqual([{ order_id: 'open' }])
})

test('has no right to any other schema', async () => {
  const [rows] = await pool.query(
    "SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name <> 'information_schema'",
  )
  expect(rows).toEqual([{ name: schema.name }])
})
