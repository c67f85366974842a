import { credentials, Metadata, makeGenericClientConstructor, type ServiceError, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import { type GrpcListening, serveGrpc } from '../src/grpc/serve-grpc.ts'
import { createStockLookup, stockLookupDefinition } from '../src/grpc/stock-lookup.ts'
import { newProduct } from './repository-contract.ts'
import { callGetStock } from './stock-client.ts'

const metrics = createMetrics()
let server: GrpcListening

const ask = (sku: string, deadlineMs: number | undefined = 2_000) => callGetStock(server.url, sku, deadlineMs)

/** What a lookup meets, by SKU. */
async function find(sku: string) {
  if (sku === 'SLOW') await systemClock.sleep(1_500)
  if (sku === 'AWAY') throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  if (sku === 'BROKEN') throw new Error('secret table missing')
  return sku === 'NONE' ? undefined : newProduct(sku, { stock: 7 })
}

beforeAll(async () => {
  const lookup = createStockLookup({
    catalog: { find },
    clock: systemClock,
    log: createLog('catalog', 'silent'),
    metrics,
  })
  server = await serveGrpc(stockLookupDefinition, lookup, 0, '127.0.0.1')
})

afterAll(() => server.close())

test('answers how much there is of a product', async () => {
  expect(await ask('A-1')).toEqual({ sku: 'A-1', quantity: 7 })
})

test('refuses a call without a deadline', async () => {
  const error = await callGetStock(server.url, 'A-1', undefined).catch((failure: ServiceError) => failure)
  expect(error).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining('set a deadline'),
  })
})

test('answers nobody whose deadline is over', async () => {
  const began = performance.now()
  await expect(ask('SLOW', 100)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED })
  expect(performance.now() - began).toBeLessThan(1_400)
  expect(await ask('SLOW', 4_500)).toMatchObject({ quantity: 7 })
})

test.each([
  ['NONE', status.NOT_FOUND, 'product NONE not found'],
  ['none', status.NOT_FOUND, 'product none not found'],
  ['', status.NOT_FOUND, 'product  not found'],
  ['AWAY', status.UNAVAILABLE, 'the database does not answer'],
  ['BROKEN', status.INTERNAL, 'internal error'],
])('answers a lookup of %j with status %d', async (sku, code, details) => {
  await expect(ask(sku)).rejects.toMatchObject({ code, details })
})

test('takes no request larger than any SKU could make it', async () => {
  await expect(ask('A'.repeat(10_000))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED })
})

test('has no other method', async () => {
  const Client = makeGenericClientConstructor(stockLookupDefinition, 'StockLookup')
  const client = new Client(server.url, credentials.createInsecure())
  const raw = (value: Buffer) => value
  const answer = new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/shop.catalog.v1.StockLookup/WatchStock',
      raw,
      raw,
      Buffer.alloc(0),
      new Metadata(),
      { deadline: Date.now() + 2_000 },
      (error, value) => (error === null ? resolve(value) : reject(error)),
    )
  })
  await expect(answer).rejects.toMatchObject({ code: status.UNIMPLEMENTED })
  client.close()
})

test('measures each call by its status', async () => {
  await ask('A-1')
  expect(await metrics.metrics()).toMatch(
    /strangler_grpc_request_duration_seconds_count\{method="GetStock",code="OK"\} [1-9]/,
  )
})

test('says which address is taken', async () => {
  const port = Number(server.url.split(':')[1])
  await expect(
    serveGrpc(stockLookupDefinition, { GetStock: () => {} }, port, '127.0.0.1'),
  ).rejects.toMatchObject({
    code: 'PORT_TAKEN',
  })
})
