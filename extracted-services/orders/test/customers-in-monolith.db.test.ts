import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import { eventually, type Json, type Shop, startShop } from './shop.ts'

const root = join(import.meta.dirname, '../../..')
let legacy: TestSchema
let shop: Shop
let facade: string

/** Catalog is extracted, customers is served by the monolith: the requests go to its REST façade. */
beforeAll(async () => {
  legacy = await createTestSchema(process.env.STRANGLER_TEST_DB)
  const env = { DATABASE_URL: legacy.url }
  await promisify(execFile)(process.execPath, [join(root, 'legacy-monolith/src/install-main.ts')], { env })
  shop = await startShop(process.env.STRANGLER_TEST_DB)
  const monolith = await shop.startMain('legacy-monolith/src/main.ts', env)
  const { restUrl } = await shop.startMain('acl-adapters/src/main.ts', {
    WSDL: join(root, 'legacy-monolith/wsdl/shop.wsdl'),
    MONOLITH_URL: String(monolith.url),
    CUSTOMERS_URL: 'http://127.0.0.1:1',
  })
  facade = String(restUrl)
  shop.route.divert = (_method, path) => (path.startsWith('/customers') ? facade : undefined)
  await shop.start('catalog')
  await shop.start('orders', { PENDING_MS: '5000', ATTEMPT_MS: '1000' })
}, 60_000)

afterAll(async () => {
  await shop.close()
  await legacy.drop()
})

const place = async (customerId: number, sku: string, quantity: number): Promise<Json> =>
  (await shop.call('POST', '/orders', { customerId, lines: [{ sku, quantity }] }, { prefer: 'wait=10' })).body

test('keeps within the limit that the monolith tells, over all orders of the customer', async () => {
  const customerId = await shop.customer('10.00')
  await shop.product('TEA', '4.00', 100)
  const first = await place(customerId, 'TEA', 2)
  expect(first).toMatchObject({ status: 'CONFIRMED', total: '8.00' })
  expect(await place(customerId, 'TEA', 1)).toMatchObject({
    status: 'CANCELED',
    reason: { code: 'CREDIT_EXCEEDED', details: { limit: '10.00', reserved: '8.00', requested: '4.00' } },
  })
  await shop.call('POST', `/orders/${first.id}/cancel`)
  await eventually(async () => (await shop.call('GET', `/orders/${first.id}`)).body.status === 'CANCELED')
  expect(await place(customerId, 'TEA', 1)).toMatchObject({ status: 'CONFIRMED' })
}, 30_000)

test('takes no order of a customer that the monolith does not know or has suspended', async () => {
  await shop.product('MILK', '1.00', 100)
  expect(await place(999_999, 'MILK', 1)).toMatchObject({ reason: { code: 'CUSTOMER_NOT_FOUND' } })
  const customerId = await shop.customer('10.00')
  await shop.call('PUT', `/customers/${customerId}/status`, { status: 'suspended' })
  expect(await place(customerId, 'MILK', 1)).toMatchObject({ reason: { code: 'CUSTOMER_INACTIVE' } })
  expect(await shop.stockOf('MILK')).toBe(100)
}, 30_000)

test('lends no more than the limit to many orders at once', async () => {
  const customerId = await shop.customer('5.00')
  await shop.product('RICE', '1.00', 100)
  const orders = await Promise.all(Array.from({ length: 9 }, () => place(customerId, 'RICE', 1)))
  expect(orders.filter(({ status }) => status === 'CONFIRMED')).toHaveLength(5)
  expect(await shop.stockOf('RICE')).toBe(95)
}, 30_000)

test('takes no order while the catalog can reserve nothing', async () => {
  const customerId = await shop.customer('5.00')
  await shop.call('POST', '/products', { sku: 'OATS', name: 'Oats', price: '1.00', stock: 5 })
  shop.route.divert = (_method, path) =>
    path.startsWith('/customers') || path.startsWith('/reservations') ? facade : undefined
  expect(await place(customerId, 'OATS', 1)).toMatchObject({
    status: 'CANCELED',
    reason: { code: 'STOCK_NOT_RESERVABLE' },
  })
  expect(await place(customerId, 'OATS', 5)).toMatchObject({ reason: { code: 'STOCK_NOT_RESERVABLE' } })
}, 30_000)
