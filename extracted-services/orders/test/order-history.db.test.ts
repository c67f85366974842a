import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { applyMigrations } from '@strangler/chassis/database/apply-migrations.ts'
import { createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import { inboxMigrations } from '@strangler/chassis/inbox/process-once.ts'
import type { Message } from '@strangler/chassis/messaging/message.ts'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import type { Pool } from 'mysql2/promise'
import {
  addToHistory,
  readHistory,
  readHistoryVersion,
  rebuildHistory,
} from '../src/history/order-history.ts'

const now = Date.UTC(2024, 1, 29, 12)
const at = '2024-02-29T12:00:00.000Z'
let schema: TestSchema
let pool: Pool

const message = (topic: string, type: string, payload: object): Message => ({
  id: randomUUID(),
  topic,
  key: 'k',
  type,
  headers: {},
  payload,
})
const placed = (orderId: string, customerId = 7) =>
  message('orders-events', 'OrderPlaced', {
    orderId,
    version: 1,
    customerId,
    lines: [{ sku: 'TEA', quantity: 2 }],
    at,
  })
const confirmed = (orderId: string) =>
  message('orders-events', 'OrderConfirmed', {
    orderId,
    version: 2,
    lines: [{ sku: 'TEA', quantity: 2, unitPrice: '1.50' }],
    total: '3.00',
    at,
  })
const credit = (orderId: string, type: string) =>
  message('customers-events', type, { orderId, customerId: 7 })
const stock = (orderId: string, type: string) => message('catalog-stock', type, { orderId, lines: [], at })
const add = async (...messages: Message[]) => {
  for (const each of messages) await addToHistory(pool, each, now)
}

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  const orders = { component: 'orders', folder: fileURLToPath(new URL('../sql', import.meta.url)) }
  await applyMigrations(schema.url, [orders, inboxMigrations])
  pool = createDatabasePool(schema.url)
})

beforeEach(async () => {
  await schema.admin(
    `DELETE FROM history_inputs; DELETE FROM order_history_a; DELETE FROM order_history_b;
     DELETE FROM processed_messages; UPDATE history_control SET live = 'a', rebuilt_at = NULL`,
  )
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

const entry = {
  orderId: 'o1',
  version: 2,
  customerId: 7,
  status: 'CONFIRMED',
  reason: null,
  lines: [{ sku: 'TEA', quantity: 2, unitPrice: '1.50' }],
  total: '3.00',
  credit: 'reserved',
  stock: 'reserved',
  placedAt: '2024-02-29T12:00:00.000Z',
}

test('brings together what orders, customers and catalog tell of an order, in whatever order it comes', async () => {
  const told = [placed('o1'), credit('o1', 'CreditReserved'), stock('o1', 'StockReserved'), confirmed('o1')]
  await add(...told)
  expect(await readHistory(pool, { customerId: 7, limit: 10 })).toEqual([entry])
  await schema.admin('DELETE FROM order_history_a; DELETE FROM processed_messages')
  await add(told[2]!, told[1]!, told[0]!, told[3]!)
  expect(await readHistory(pool, { customerId: 7, limit: 10 })).toEqual([entry])
})

test('takes every message once, and no older news of an order', async () => {
  const first = placed('o1')
  await add(first, confirmed('o1'), first)
  expect((await readHistory(pool, { customerId: 7, limit: 10 }))[0]).toMatchObject({
    status: 'CONFIRMED',
    version: 2,
  })
  await add({ ...first, id: randomUUID() })
  expect((await readHistory(pool, { customerId: 7, limit: 10 }))[0]).toMatchObject({
    status: 'CONFIRMED',
    version: 2,
  })
})

test('knows how far it has come with an order', async () => {
  expect(await readHistoryVersion(pool, 'o1')).toBe(0)
  await add(credit('o1', 'CreditReserved'))
  expect([
    await readHistoryVersion(pool, 'o1'),
    await readHistory(pool, { customerId: 7, limit: 10 }),
  ]).toEqual([0, []])
  await add(placed('o1'))
  expect(await readHistoryVersion(pool, 'o1')).toBe(1)
})

test('refuses an event that it can not read, and passes over one that it has no use for', async () => {
  const broken = message('orders-events', 'OrderPlaced', { orderId: 'o1' })
  await expect(add(broken)).rejects.toMatchObject({ code: 'MESSAGE_INVALID' })
  await add(message('catalog-stock', 'SomethingNew', { sku: 'TEA' }))
  expect(await schema.admin('SELECT 1 FROM history_inputs')).toEqual([])
})

test('tolerates members that it does not know', async () => {
  const newer = placed('o1')
  await add({ ...newer, payload: { ...(newer.payload as object), channel: 'web', giftWrap: true } })
  expect(await readHistory(pool, { customerId: 7, limit: 10 })).toHaveLength(1)
})

test('is rebuilt into the other table and swapped', async () => {
  await add(placed('o1'), confirmed('o1'), credit('o1', 'CreditReserved'), stock('o1', 'StockReserved'))
  // Whatever has gone wrong with what is read:
  await schema.admin(
    "UPDATE order_history_a SET status = 'WRONG', total = 0; INSERT INTO order_history_a (order_id, version, customer_id, placed_at) VALUES ('ghost', 1, 7, NOW())",
  )
  expect(await rebuildHistory(pool, now)).toBe(4)
  expect(await readHistory(pool, { customerId: 7, limit: 10 })).toEqual([entry])
  expect(await schema.admin('SELECT live FROM history_control')).toEqual([{ live: 'b' }])
  await add(placed('o2'))
  expect(await readHistory(pool, { customerId: 7, limit: 10 })).toHaveLength(2)
  expect(await rebuildHistory(pool, now)).toBe(5)
  expect(await schema.admin('SELECT live FROM history_control')).toEqual([{ live: 'a' }])
  expect(await readHistory(pool, { customerId: 7, limit: 10 })).toHaveLength(2)
})

test('loses nothing that is added while it is rebuilt', async () => {
  const ids = Array.from({ length: 700 }, (_, n) => `o${n}`)
  await add(...ids.slice(0, 550).map(id => placed(id)))
  let done = false
  const adding = Promise.all(
    Array.from({ length: 5 }, async (_, worker) => {
      for (const id of ids.slice(550 + worker * 30, 580 + worker * 30)) await add(placed(id), confirmed(id))
    }),
  ).then(() => {
    done = true
  })
  let rebuilds = 0
  for (; !done || rebuilds < 2; rebuilds++) await rebuildHistory(pool, now)
  await adding
  const history = await readHistory(pool, { customerId: 7, limit: 1_000 })
  expect(history).toHaveLength(700)
  expect(history.filter(({ status }) => status === 'CONFIRMED')).toHaveLength(150)
}, 30_000)
