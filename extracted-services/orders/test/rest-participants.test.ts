import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { createLog } from '@strangler/kit/log.ts'
import type { CreditHolds } from '../src/participants/credit-holds.ts'
import { createRestParticipants } from '../src/participants/rest-participants.ts'
import type { StockLookup } from '../src/participants/stock-lookup.ts'

type Reply = { status: number; body?: object } | 'hang'
type Handler = (request: string, body: string) => Reply

let server: Server | undefined
const log = createLog('orders', 'silent')
const order = { orderId: 'o1', customerId: 7, lines: [{ sku: 'TEA', quantity: 2 }] }
const caller = (ms = 2_000) => ({ trace: undefined, signal: AbortSignal.timeout(ms) })
const problem = (type: string, status: number, more: object = {}): Reply => ({
  status,
  body: { type: `urn:problem:${type}`, title: 't', status, detail: 'd', ...more },
})

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function participants(handle: Handler, changes: Partial<CreditHolds> = {}, stock?: StockLookup) {
  const seen: { request: string; headers: IncomingMessage['headers'] }[] = []
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const line = `${request.method} ${request.url}`
    seen.push({ request: line, headers: request.headers })
    const reply = handle(line, body)
    if (reply === 'hang') return
    response.writeHead(reply.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(reply.body ?? {}))
  })
  await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
  const holds: CreditHolds = {
    isHeld: async () => false,
    hold: async () => undefined,
    release: async () => {},
    ...changes,
  }
  const { port } = server.address() as AddressInfo
  return { seen, ...createRestParticipants(`http://127.0.0.1:${port}`, { holds, stock, log }) }
}

test('prices lines by the products of the catalog, asking once for each', async () => {
  const { price, seen } = await participants(() => ({ status: 200, body: { price: '1.50', active: true } }))
  const lines = [...order.lines, { sku: 'TEA', quantity: 1 }]
  expect(await price(lines, caller())).toEqual(lines.map(line => ({ ...line, unitPrice: '1.50' })))
  expect(seen.map(({ request }) => request)).toEqual(['GET /products/TEA'])
})

test('refuses products that are not known or not for sale', async () => {
  const gone = await participants(() => problem('product-not-found', 404, { sku: 'TEA' }))
  expect(await gone.price(order.lines, caller())).toEqual({
    code: 'PRODUCT_NOT_FOUND',
    details: { sku: 'TEA' },
  })
  server?.close()
  const old = await participants(() => ({ status: 200, body: { price: '1.50', active: false } }))
  expect(await old.price(order.lines, caller())).toEqual({ code: 'NOT_FOR_SALE', details: { sku: 'TEA' } })
})

test('refuses at once what is known to be out of stock, and goes on where nobody knows', async () => {
  const stock = { TEA: 2, CUP: 1 }
  const lookup: StockLookup = {
    quantityOf: async sku => stock[sku as keyof typeof stock],
    close: () => {},
  }
  const product = () => ({ status: 200, body: { price: '1.50', active: true } })
  const { price } = await participants(product, {}, lookup)
  const asking = (...lines: [string, number][]) =>
    price(
      lines.map(([sku, quantity]) => ({ sku, quantity })),
      caller(),
    )
  expect(await asking(['TEA', 2], ['JAM', 99])).toHaveLength(2)
  expect(await asking(['TEA', 2], ['TEA', 1], ['CUP', 1])).toEqual({
    code: 'OUT_OF_STOCK',
    details: { shortages: [{ sku: 'TEA', requested: 3, available: 2, reason: 'OUT_OF_STOCK' }] },
  })
})

test('passes on in which trace it calls', async () => {
  const { commitStock, seen } = await participants(() => ({ status: 200 }))
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true }
  await commitStock(order, { ...caller(), trace })
  expect(seen[0]?.headers.traceparent).toMatch(new RegExp(`^00-${'a'.repeat(32)}-(?!b{16})[0-9a-f]{16}-01$`))
})

test('says why credit or stock is refused for good', async () => {
  const { reserveCredit, reserveStock } = await participants(request =>
    request === 'POST /reservations'
      ? problem('out-of-stock', 409, { shortages: [] })
      : problem('credit-exceeded', 409, { limit: '1.00' }),
  )
  expect(await reserveCredit({ ...order, amount: '2.00' }, caller())).toEqual({
    code: 'CREDIT_EXCEEDED',
    details: { limit: '1.00' },
  })
  expect(await reserveStock(order, caller())).toEqual({ code: 'OUT_OF_STOCK', details: { shortages: [] } })
})

test.each([500, 502, 503, 429, 400, 418])('takes an answer of %i for an unknown outcome', async status => {
  const { reserveStock } = await participants(() => ({ status }))
  await expect(reserveStock(order, caller())).rejects.toMatchObject({
    code: expect.stringMatching(/^(CAPABILITY_UNAVAILABLE|ANSWER_UNEXPECTED)$/),
  })
})

test('ends a call when its time is over', async () => {
  const { commitStock } = await participants(() => 'hang')
  const began = performance.now()
  await expect(commitStock(order, caller(100))).rejects.toThrow()
  expect(performance.now() - began).toBeLessThan(2_000)
})

test('calls nobody any more after half of 20 calls failed', async () => {
  const { commitStock, seen } = await participants(() => ({ status: 500 }))
  for (let n = 0; n < 40; n++) await commitStock(order, caller()).catch(() => {})
  expect(seen.length).toBeLessThan(40)
  await expect(commitStock(order, caller())).rejects.toMatchObject({
    code: 'CAPABILITY_UNAVAILABLE',
    message: 'the circuit to catalog is open',
  })
})

test('holds credit itself where customers has no reservations', async () => {
  const held: object[] = []
  const { reserveCredit, releaseCredit } = await participants(
    request =>
      request === 'GET /customers/7'
        ? { status: 200, body: { status: 'active', creditLimit: '9.00' } }
        : problem('not-found', 404),
    {
      hold: async hold => {
        held.push(hold)
        return undefined
      },
      release: async (...args) => void held.push(args),
    },
  )
  expect(await reserveCredit({ ...order, amount: '2.00' }, caller())).toBeUndefined()
  await releaseCredit(order, caller())
  expect(held).toEqual([expect.objectContaining({ orderId: 'o1', amount: '2.00', limit: '9.00' }), ['o1', 7]])
})

test('asks customers for nothing when the order holds credit here already', async () => {
  const { reserveCredit, seen } = await participants(() => ({ status: 500 }), { isHeld: async () => true })
  expect(await reserveCredit({ ...order, amount: '2.00' }, caller())).toBeUndefined()
  expect(seen).toEqual([])
})

test('returns stock under a key of the order, so that it comes back once', async () => {
  const { returnStock, seen } = await participants(() => ({ status: 200 }))
  await returnStock({ ...order, lines: [...order.lines, ...order.lines] }, caller())
  expect(seen.map(({ request, headers }) => [request, headers['idempotency-key']])).toEqual([
    ['POST /products/TEA/stock-adjustments', 'return-o1-TEA'],
  ])
})
