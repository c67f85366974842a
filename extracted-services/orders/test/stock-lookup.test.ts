import { join } from 'node:path'
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { afterEach, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { createStockLookup, type StockLookup } from '../src/participants/stock-lookup.ts'

type GetStock = handleUnaryCall<{ sku: string }, { sku: string; quantity: number }>

// The server speaks the catalog's own contract, the client the part of it that orders keeps.
const contract = join(import.meta.dirname, '../../catalog/proto/catalog.proto')
const definition = loadSync(contract)['shop.catalog.v1.StockLookup'] as ServiceDefinition
const log = createLog('orders', 'silent')
const caller = { trace: undefined, signal: new AbortController().signal }
const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function lookupOf(getStock: GetStock): Promise<StockLookup> {
  const server = new Server()
  server.addService(definition, { GetStock: getStock })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  const address = `127.0.0.1:${port}`
  const lookup = createStockLookup({
    findAddress: async () => address,
    clock: systemClock,
    log,
    withinMs: 150,
  })
  closing.push(
    () => lookup.close(),
    () => server.forceShutdown(),
  )
  return lookup
}

test('looks stock up by the catalog’s contract, in its trace and with a deadline', async () => {
  let seen: unknown[] = []
  const lookup = await lookupOf((call, answer) => {
    const leftMs = (call.getDeadline() as Date | number).valueOf() - Date.now()
    seen = [leftMs > 0 && leftMs <= 150, String(call.metadata.get('traceparent')[0]).split('-')[1]]
    answer(null, { sku: call.request.sku, quantity: 7 })
  })
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true }
  expect(await lookup.quantityOf('TEA', { ...caller, trace })).toBe(7)
  expect(seen).toEqual([true, 'a'.repeat(32)])
})

test('knows nothing of a product that catalog does not know', async () => {
  const lookup = await lookupOf((_call, answer) => answer({ code: status.NOT_FOUND }))
  expect(await lookup.quantityOf('GONE', caller)).toBeUndefined()
})

test('falls back to not knowing when the deadline is over, the server is away or nobody knows where it is', async () => {
  const silent = await lookupOf(() => {})
  expect(await silent.quantityOf('TEA', caller)).toBeUndefined()
  const away = createStockLookup({
    findAddress: async () => '127.0.0.1:1',
    clock: systemClock,
    log,
    withinMs: 500,
  })
  const lost = createStockLookup({
    findAddress: () => Promise.reject(new Error('no instance')),
    clock: systemClock,
    log,
  })
  closing.push(() => away.close())
  expect(await away.quantityOf('TEA', caller)).toBeUndefined()
  expect(await lost.quantityOf('TEA', caller)).toBeUndefined()
})

test('stops asking a server that fails every time, and still answers', async () => {
  let calls = 0
  const lookup = await lookupOf((_call, answer) => {
    calls++
    answer({ code: status.INTERNAL })
  })
  const answers = await Promise.all(Array.from({ length: 200 }, () => lookup.quantityOf('TEA', caller)))
  for (let n = 0; n < 50; n++) answers.push(await lookup.quantityOf('TEA', caller))
  expect(new Set(answers)).toEqual(new Set([undefined]))
  expect(calls).toBeLessThanOrEqual(200)
})
