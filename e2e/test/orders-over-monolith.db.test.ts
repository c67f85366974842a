import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import { request } from 'undici'

/** Orders over REST, in the shape of the orders service, while they are still the monolith's. */
const root = join(import.meta.dirname, '../..')
const children: ChildProcess[] = []
let shop: TestSchema
let url = ''

async function start(main: string, env: Record<string, string>): Promise<Record<string, string>> {
  const child = spawn(process.execPath, [join(root, main)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  const [line] = await once(child.stdout!, 'data')
  return JSON.parse(String(line).split('\n')[0]!)
}

beforeAll(async () => {
  shop = await createTestSchema(process.env.STRANGLER_TEST_DB)
  execFileSync(process.execPath, [join(root, 'legacy-monolith/src/install-main.ts')], {
    env: { PATH: process.env.PATH, DATABASE_URL: shop.url },
    stdio: 'ignore',
  })
  await shop.admin('DELETE FROM ORD_LINE; DELETE FROM ORD_HDR; DELETE FROM PRD_MST')
  const monolith = await start('legacy-monolith/src/main.ts', { DATABASE_URL: shop.url })
  const acl = await start('acl-adapters/src/main.ts', {
    WSDL: join(root, 'legacy-monolith/wsdl/shop.wsdl'),
    MONOLITH_URL: monolith.url!,
    CUSTOMERS_URL: 'http://127.0.0.1:1',
  })
  url = acl.restUrl!
}, 60_000)

afterAll(async () => {
  for (const child of children) {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  await shop.drop()
}, 30_000)

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const reply = await request(url + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  })
  return {
    status: reply.statusCode,
    body: (await reply.body.json()) as Record<string, unknown> & { id: number },
  }
}

test('an order is placed once, shown, canceled, and gives its stock back', async () => {
  const { body: customer } = await ask('POST', '/customers', { name: 'Ann', creditLimit: '50.00' })
  await ask('POST', '/products', { sku: 'TEA', name: 'Tea', price: '10.00', stock: 4 })
  const stock = async () => (await ask('GET', '/products/TEA')).body.stock
  const placing = { customerId: customer.id, lines: [{ sku: 'TEA', quantity: 3 }] }
  const key = { 'idempotency-key': 'order-1' }
  const placed = await ask('POST', '/orders', placing, key)
  expect(placed).toMatchObject({
    status: 201,
    body: {
      status: 'CONFIRMED',
      customerId: customer.id,
      lines: [{ sku: 'TEA', quantity: 3, unitPrice: '10.00' }],
      total: '30.00',
      reason: null,
    },
  })
  expect(await ask('POST', '/orders', placing, key)).toEqual(placed)
  expect(await stock()).toBe(1)
  const path = `/orders/${placed.body.id}`
  expect(await ask('GET', path)).toEqual({ status: 200, body: placed.body })

  const refusal = async (lines: unknown) => {
    const { status, body } = await ask('POST', '/orders', { customerId: customer.id, lines })
    return [status, (body.reason as { code: string }).code]
  }
  expect(await refusal([{ sku: 'TEA', quantity: 3 }])).toEqual([422, 'CREDIT_EXCEEDED'])
  expect(await refusal([{ sku: 'TEA', quantity: 2 }])).toEqual([422, 'OUT_OF_STOCK'])
  expect(await refusal([{ sku: 'NONE', quantity: 1 }])).toEqual([422, 'NOT_FOR_SALE'])

  expect(await ask('POST', `${path}/cancel`)).toMatchObject({
    status: 200,
    body: { status: 'CANCELED', reason: { code: 'REQUESTED' } },
  })
  expect(await stock()).toBe(4)
  expect((await ask('POST', `${path}/cancel`)).status).toBe(409)
}, 60_000)
