import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { createLog } from '@strangler/kit/log.ts'
import { startStorefront } from '../src/start-storefront.ts'

type Reply = { status: number; body: object } | 'hang'

const id = '6f2c1f2e-3c58-4f0e-9b1f-0123456789ab'
const order = {
  id,
  status: 'CONFIRMED',
  customerId: 7,
  lines: [
    { sku: 'TEA', quantity: 2, unitPrice: '1.50' },
    { sku: 'CUP', quantity: 1, unitPrice: '4.00' },
  ],
  total: '7.00',
  reason: null,
  placedAt: '2024-02-29T12:00:00.000Z',
  updatedAt: '2024-02-29T12:00:01.000Z',
  version: 2,
}
const summary = {
  orderId: id,
  status: 'CONFIRMED',
  total: '7.00',
  placedAt: order.placedAt,
  credit: 'reserved',
  stock: 'reserved',
}
const customer = { id: 7, name: 'Ann', email: null, status: 'active', creditLimit: '100.00' }
const product = (sku: string) => ({ sku, name: `The ${sku}`, price: '2.00', stock: 5, active: true })

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** What stands where the proxy does, and a storefront in front of it. */
async function start(changes: Record<string, () => Reply> = {}) {
  const seen: IncomingMessage[] = []
  const answers: Record<string, () => Reply> = {
    [`/orders/${id}`]: () => ok(order),
    '/order-history': () => ok({ items: [summary] }),
    '/customers/7': () => ok({ ...customer, loyalty: 'a member of a later version' }),
    '/products/TEA': () => ok(product('TEA')),
    '/products/CUP': () => ok(product('CUP')),
    ...changes,
  }
  const server: Server = createServer((request, response) => {
    seen.push(request)
    const path = request.url?.split('?')[0] ?? ''
    const reply = answers[path]?.() ?? { status: 404, body: {} }
    if (reply === 'hang') return
    response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const storefront = await startStorefront({
    host: '127.0.0.1',
    port: 0,
    capabilitiesUrl: `http://127.0.0.1:${port}`,
    partMs: 150,
    log: createLog('storefront', 'silent'),
  })
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  }, storefront.close)
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${storefront.url}${path}`, { headers })
    return {
      status: answer.status,
      headers: answer.headers,
      body: (await answer.json()) as Record<string, unknown>,
    }
  }
  return { get, seen, answers, url: storefront.url }
}

function ok(body: object): Reply {
  return { status: 200, body }
}

test('composes an order for the web from orders, customers and catalog', async () => {
  const { get } = await start()
  const { status, body, headers } = await get(`/web/orders/${id}`)
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(body).toEqual({
    id,
    status: 'CONFIRMED',
    reason: null,
    placedAt: order.placedAt,
    total: '7.00',
    customer,
    lines: order.lines.map(({ sku, quantity, unitPrice }) => ({
      sku,
      quantity,
      unitPrice,
      product: { name: `The ${sku}`, priceNow: '2.00', available: 5, forSale: true, known: 'now' },
    })),
    progress: { credit: 'reserved', stock: 'reserved' },
    partial: false,
    missing: [],
  })
})

test('gives the phone what it shows, and asks nobody for anything else', async () => {
  const { get, seen } = await start()
  const { body } = await get(`/mobile/orders/${id}`)
  expect(body).toEqual({
    id,
    status: 'CONFIRMED',
    total: '7.00',
    items: [
      { name: 'The TEA', quantity: 2 },
      { name: 'The CUP', quantity: 1 },
    ],
  })
  expect(seen.map(({ url }) => url).sort()).toEqual([`/orders/${id}`, '/products/CUP', '/products/TEA'])
})

test('answers in time without the parts that are late, fail or do not exist, and names them', async () => {
  const { get } = await start({
    '/customers/7': () => 'hang',
    '/order-history': () => ({ status: 500, body: {} }),
    '/products/CUP': () => ({ status: 404, body: { type: 'urn:problem:product-not-found' } }),
  })
  const began = performance.now()
  const { status, body } = await get(`/web/orders/${id}`)
  expect(performance.now() - began).toBeLessThan(5_000)
  expect([status, body.partial, body.customer, body.progress]).toEqual([200, true, null, null])
  expect(body.missing).toEqual([
    { part: 'product CUP', reason: 'NOT_FOUND' },
    { part: 'customer', reason: 'TIMEOUT' },
    { part: 'summary', reason: 'UNAVAILABLE' },
  ])
  const lines = body.lines as { product: unknown }[]
  expect(lines.map(line => line.product !== null)).toEqual([true, false])
})

test('shows a product as it was known last when nobody tells of it now', async () => {
  const { get, answers } = await start()
  await get(`/web/orders/${id}`)
  answers['/products/TEA'] = () => ({ status: 503, body: {} })
  const { body } = await get(`/web/orders/${id}`)
  expect(body.partial).toBe(false)
  expect(body.lines).toMatchObject([
    { product: { name: 'The TEA', known: 'before' } },
    { product: { name: 'The CUP', known: 'now' } },
  ])
})

test('tries a read that failed once more, and stops asking a capability that fails all the time', async () => {
  let asked = 0
  const { get, answers } = await start({
    '/customers/7': () => (++asked === 1 ? { status: 503, body: {} } : ok(customer)),
  })
  const first = await get(`/web/orders/${id}`)
  expect([asked, first.body.partial]).toEqual([2, false])
  answers['/customers/7'] = () => {
    asked++
    return { status: 503, body: {} }
  }
  for (let n = 0; n < 40; n++) await get(`/web/orders/${id}`)
  expect(asked).toBeLessThan(60)
  const { body } = await get(`/web/orders/${id}`)
  expect(body.missing).toEqual([{ part: 'customer', reason: 'UNAVAILABLE' }])
})

test('has nothing to show without the order, and says whether it is gone or nobody can say', async () => {
  const { get } = await start({ [`/orders/${id}`]: () => 'hang' })
  const away = await get(`/web/orders/${id}`)
  expect([away.status, away.headers.get('retry-after'), away.body.type]).toEqual([
    503,
    '1',
    'urn:problem:unavailable',
  ])
  const gone = await get(`/mobile/orders/${id.replace('6', '7')}`)
  expect([gone.status, gone.body.type]).toEqual([404, 'urn:problem:order-not-found'])
  expect((await get('/web/orders/1')).status).toBe(404)
})

test('shows a customer with its orders, on the phone without what is missing', async () => {
  const { get, answers } = await start()
  expect((await get('/web/customers/7')).body).toEqual({
    customer,
    orders: [summary],
    partial: false,
    missing: [],
  })
  expect((await get('/mobile/customers/7')).body).toEqual({
    name: 'Ann',
    orders: [{ id, status: 'CONFIRMED', total: '7.00' }],
  })
  answers['/order-history'] = () => 'hang'
  expect((await get('/mobile/customers/7')).body).toEqual({ name: 'Ann', partial: true })
  expect((await get('/web/customers/8')).status).toBe(404)
})

test('asks on behalf of its caller: in its trace, and with what the proxy tells callers apart by', async () => {
  const { get, seen } = await start()
  const traceId = 'a'.repeat(32)
  await get(`/web/orders/${id}`, {
    traceparent: `00-${traceId}-${'b'.repeat(16)}-01`,
    cookie: 'sid=ann',
    authorization: 'Bearer x',
    'x-other': 'kept back',
  })
  expect(seen).toHaveLength(5)
  for (const { headers } of seen) {
    expect(String(headers.traceparent).split('-')[1]).toBe(traceId)
    expect([headers.cookie, headers.authorization, headers['x-other']]).toEqual([
      'sid=ann',
      'Bearer x',
      undefined,
    ])
  }
})

test('counts what came of each kind of part, not of each product', async () => {
  const { get, url } = await start({ '/products/CUP': () => ({ status: 404, body: {} }) })
  await get(`/mobile/orders/${id}`)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toContain('strangler_parts_total{part="product",outcome="OK"} 1')
  expect(metrics).toContain('strangler_parts_total{part="product",outcome="NOT_FOUND"} 1')
})
