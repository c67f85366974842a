import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import { callGetStock } from './stock-client.ts'

const main = join(import.meta.dirname, '../src/main.ts')
// Whole processes and schemas start here, beside whatever else this machine does.
jest.setTimeout(30_000)

let schema: TestSchema
let service: ChildProcess | undefined

async function start(): Promise<{ child: ChildProcess; url: string; grpcUrl: string }> {
  const child = spawn(process.execPath, [main], {
    env: { DATABASE_URL: schema.url },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  service = child
  const [line] = await once(child.stdout!, 'data')
  return { child, ...JSON.parse(String(line)) }
}

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
})

afterAll(async () => {
  service?.kill('SIGKILL')
  await schema.drop()
})

test('has reserved for each order exactly once when callers repeat their requests after kill -9', async () => {
  const post = async (url: string, path: string, body: object) => {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
    return { status: answer.status, text: await answer.text() }
  }
  const orders = Array.from({ length: 60 }, (_, index) => `o-${index}`)
  const lines = ['A', 'B'].map(sku => ({ sku, quantity: 1 }))
  const first = await start()
  for (const { sku } of lines) await post(first.url, '/products', { sku, name: sku, price: 1, stock: 100 })
  let answered = 0
  const before = await Promise.all(
    orders.map(orderId =>
      post(first.url, '/reservations', { orderId, lines }).then(
        answer => {
          if (++answered === 20) first.child.kill('SIGKILL')
          return answer
        },
        () => undefined,
      ),
    ),
  )
  expect(before.filter(answer => answer === undefined).length).toBeGreaterThan(0)

  const second = await start()
  const after = await Promise.all(
    orders.map(orderId => post(second.url, '/reservations', { orderId, lines })),
  )
  expect(new Set(after.map(answer => answer.status))).toEqual(new Set([200, 201]))
  for (const [index, answer] of before.entries())
    if (answer !== undefined) expect(after[index]).toEqual({ status: 200, text: answer.text })
  expect(await callGetStock(second.grpcUrl, 'A', 2_000)).toEqual({ sku: 'A', quantity: 40 })
  expect(await callGetStock(second.grpcUrl, 'B', 2_000)).toEqual({ sku: 'B', quantity: 40 })
  expect(
    await schema.admin("SELECT COUNT(*) AS n FROM outbox_messages WHERE type = 'StockReserved'"),
  ).toEqual([{ n: 60 }])

  const ended = once(second.child, 'exit')
  second.child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
