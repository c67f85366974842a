import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import type { Message } from '@strangler/chassis/messaging/message.ts'
import { publishOutbox } from '@strangler/chassis/outbox/publish-outbox.ts'
import { type CuttableRelay, startCuttableRelay } from '@strangler/chassis/test-support/cuttable-relay.ts'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { type RunningCatalog, startCatalog } from '../src/start-catalog.ts'
import { callGetStock } from './stock-client.ts'

const log = createLog('catalog', 'silent')
// Services and schemas start for each test, beside whatever else this machine does.
jest.setTimeout(30_000)

let schema: TestSchema
let relay: CuttableRelay
const running: RunningCatalog[] = []

async function start(): Promise<RunningCatalog> {
  const service = await startCatalog({
    host: '127.0.0.1',
    port: 0,
    grpcPort: 0,
    databaseUrl: schema.url.replace(`:${schema.port}/`, `:${relay.port}/`),
    clock: systemClock,
    log,
  })
  running.push(service)
  return service
}

async function send(url: string, method: string, body?: object, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json', ...headers },
  })
  return { status: answer.status, retry: answer.headers.get('retry-after'), body: await answer.json() }
}

const cup = { sku: 'CUP', name: 'Cup', price: '7.5', stock: 30 }

beforeEach(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  relay = await startCuttableRelay(schema.host, schema.port)
})

afterEach(async () => {
  for (const service of running.splice(0)) await service.close()
  await relay.close()
  await schema.drop()
})

test('two processes that start together on an empty schema sell one stock between them', async () => {
  const services = await Promise.all([start(), start()])
  await send(`${services[0]!.url}/products`, 'POST', cup)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      send(`${services[index % 2]!.url}/reservations`, 'POST', {
        orderId: `o-${index}`,
        lines: [{ sku: 'CUP', quantity: 1 }],
      }),
    ),
  )
  const counts = Map.groupBy(answers, answer => answer.status)
  expect([counts.get(201)?.length, counts.get(409)?.length]).toEqual([30, 20])
  expect(await callGetStock(services[1]!.grpcUrl, 'CUP', 2_000)).toEqual({ sku: 'CUP', quantity: 0 })
})

test('adjusts the stock once for a key that many send at the same time to two processes', async () => {
  const services = await Promise.all([start(), start()])
  await send(`${services[0]!.url}/products`, 'POST', cup)
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      send(
        `${services[index % 2]!.url}/products/CUP/stock-adjustments`,
        'POST',
        { delta: 5 },
        { 'idempotency-key': 'one' },
      ),
    ),
  )
  expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1)
  expect(answers[0]).toMatchObject({ status: 200, body: { stock: 35 } })
})

test('publishes what happened, in order, when somebody empties the outbox', async () => {
  const { url } = await start()
  await send(`${url}/products`, 'POST', cup)
  await send(`${url}/products/CUP/price`, 'PUT', { price: '8' })
  await send(`${url}/reservations`, 'POST', { orderId: 'o-1', lines: [{ sku: 'CUP', quantity: 1 }] })
  await send(`${url}/reservations`, 'POST', { orderId: 'o-1', lines: [{ sku: 'CUP', quantity: 1 }] })
  await send(`${url}/reservations`, 'POST', { orderId: 'o-2', lines: [{ sku: 'CUP', quantity: 99 }] })
  await send(`${url}/reservations/o-1`, 'DELETE')
  await send(`${url}/reservations/o-1`, 'DELETE')
  const published: Message[] = []
  const pool = createDatabasePool(schema.url)
  const done = new AbortController()
  await publishOutbox(
    {
      pool,
      publish: async messages => {
        published.push(...messages)
        done.abort()
      },
      clock: systemClock,
      log,
    },
    done.signal,
  )
  await pool.end()
  expect(published.map(({ type, key }) => [type, key])).toEqual([
    ['ProductChanged', 'CUP'],
    ['ProductChanged', 'CUP'],
    ['StockReserved', 'o-1'],
    ['StockRefused', 'o-2'],
    ['StockReleased', 'o-1'],
  ])
})

test('answers 503 and UNAVAILABLE while the database is away, and serves again when it is back', async () => {
  const { url, grpcUrl } = await start()
  await send(`${url}/products`, 'POST', cup)
  await relay.cut()
  const unavailable = { status: 503, retry: '1', body: { type: 'urn:problem:unavailable' } }
  expect(await send(`${url}/products/CUP`, 'GET')).toMatchObject(unavailable)
  expect(await send(`${url}/reservations/o`, 'DELETE')).toMatchObject(unavailable)
  await expect(callGetStock(grpcUrl, 'CUP', 2_000)).rejects.toMatchObject({ code: status.UNAVAILABLE })
  expect((await send(`${url}/health/live`, 'GET')).status).toBe(200)
  expect((await send(`${url}/health/ready`, 'GET')).status).toBe(503)
  await relay.restore()
  expect((await send(`${url}/products/CUP`, 'GET')).status).toBe(200)
  expect(await callGetStock(grpcUrl, 'CUP', 2_000)).toEqual({ sku: 'CUP', quantity: 30 })
})

test('lets a caller of gRPC go at its deadline when the database hangs', async () => {
  const { url, grpcUrl } = await start()
  await send(`${url}/products`, 'POST', cup)
  relay.hang()
  const asked = performance.now()
  await expect(callGetStock(grpcUrl, 'CUP', 300)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED })
  expect(performance.now() - asked).toBeLessThan(2_000)
  await relay.cut()
})

test('answers 503 write-fenced while a fence stands on stock, and changes prices all the same', async () => {
  const { url } = await start()
  await send(`${url}/products`, 'POST', cup)
  await schema.admin(`CREATE TRIGGER strangler_fence_upd_stock BEFORE UPDATE ON stock FOR EACH ROW
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644,
      MESSAGE_TEXT = 'STRANGLER-FENCE capability catalog is written on the legacy side, epoch 3'`)
  const reserve = () =>
    send(`${url}/reservations`, 'POST', { orderId: 'o', lines: [{ sku: 'CUP', quantity: 1 }] })
  const adjust = () =>
    send(`${url}/products/CUP/stock-adjustments`, 'POST', { delta: 1 }, { 'idempotency-key': 'k' })
  const fenced = { status: 503, retry: '1', body: { type: 'urn:problem:write-fenced' } }
  expect(await reserve()).toMatchObject(fenced)
  expect(await adjust()).toMatchObject(fenced)
  expect((await send(`${url}/products/CUP/price`, 'PUT', { price: '8' })).status).toBe(200)
  await schema.admin('DROP TRIGGER strangler_fence_upd_stock')
  expect([(await reserve()).status, (await adjust()).status]).toEqual([201, 200])
})

test('leaves nothing listening when its gRPC port is taken', async () => {
  const { grpcUrl } = await start()
  const second = startCatalog({
    host: '127.0.0.1',
    port: 0,
    grpcPort: Number(grpcUrl.split(':')[1]),
    databaseUrl: schema.url,
    clock: systemClock,
    log,
  })
  await expect(second).rejects.toMatchObject({ code: 'PORT_TAKEN' })
})
