import { expect, test } from '@jest/globals'
import request from 'supertest'
import { createCatalogApp, createStockedApp } from './catalog-app.ts'
import { createInMemoryCatalogRepository } from './in-memory-catalog-repository.ts'

const at = '2024-02-29T12:00:00Z'
const cup = { sku: 'CUP-1', name: 'Cup', price: '7.5', stock: 3 }
const cupOnTheWire = `{"sku":"CUP-1","name":"Cup","price":"7.50","stock":3,"active":true,"updatedAt":"${at}"}`

test('lists a product for sale and says where it is', async () => {
  const app = createCatalogApp()
  const answer = await request(app).post('/products').send(cup)
  expect([answer.status, answer.headers.location, answer.text]).toEqual([
    201,
    '/products/CUP-1',
    cupOnTheWire,
  ])
  expect((await request(app).get('/products/CUP-1')).text).toBe(cupOnTheWire)
})

test('lists by after, limit and whether they are for sale', async () => {
  const app = await createStockedApp({ A: 1, B: 1, C: 1 })
  const skus = async (query: string) =>
    (await request(app).get(`/products${query}`)).body.items.map((item: { sku: string }) => item.sku)
  expect(await skus('')).toEqual(['A', 'B', 'C'])
  expect(await skus('?after=A&limit=1')).toEqual(['B'])
  expect(await skus('?activeOnly=true')).toEqual(['A', 'B', 'C'])
  expect(await skus('?activeOnly=false&after=%F0%9F%A6%8A')).toEqual([])
})

test('sets the price and tells others of the product', async () => {
  const catalog = createInMemoryCatalogRepository()
  const app = await createStockedApp({ A: 1 }, catalog)
  const answer = await request(app)
    .put('/products/A/price')
    .set('traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
    .send({ price: 0.1 })
  expect([answer.status, answer.body.price]).toEqual([200, '0.10'])
  expect(catalog.messages().map(({ type, topic, key }) => [type, topic, key])).toEqual([
    ['ProductChanged', 'catalog-products', 'A'],
    ['ProductChanged', 'catalog-products', 'A'],
  ])
  expect(catalog.messages()[1]?.payload).toEqual({
    sku: 'A',
    name: 'A',
    price: '0.10',
    active: true,
    updatedAt: at,
  })
  expect(catalog.messages()[1]?.headers.traceparent).toMatch(
    /^00-4bf92f3577b34da6a3ce929d0e0e4736-\w{16}-01$/,
  )
})

test('adjusts the stock up and down, to nothing and no further', async () => {
  const app = await createStockedApp({ A: 3 })
  const adjust = (delta: number) => request(app).post('/products/A/stock-adjustments').send({ delta })
  expect((await adjust(2)).body.stock).toBe(5)
  expect((await adjust(-5)).body.stock).toBe(0)
  const under = await adjust(-1)
  expect([under.status, under.body.violations]).toEqual([422, [{ field: 'delta', reason: 'NEGATIVE' }]])
  expect((await adjust(2_147_483_647)).status).toBe(200)
  expect((await adjust(1)).body.violations).toEqual([{ field: 'delta', reason: 'INVALID' }])
})

test('answers a repetition with the same Idempotency-Key as the first one', async () => {
  const app = await createStockedApp({ A: 3 })
  const adjust = (key: string, delta: number) =>
    request(app).post('/products/A/stock-adjustments').set('Idempotency-Key', key).send({ delta })
  const first = await adjust('k', 1)
  await adjust('other', 1).expect(200)
  expect((await adjust('k', 1)).text).toBe(first.text)
  const reused = await adjust('k', 2)
  expect([reused.status, reused.body.type]).toEqual([422, 'urn:problem:idempotency-key-reuse'])
  const create = () => request(app).post('/products').set('Idempotency-Key', 'c').send(cup)
  expect((await create()).status).toBe(201)
  expect((await create()).text).toBe(cupOnTheWire)
})

test('says of a SKU that is taken what it says of one that can be none', async () => {
  const answer = await request(await createStockedApp({ A: 1 }))
    .post('/products')
    .send({ ...cup, sku: 'A' })
  expect([answer.status, answer.body.violations]).toEqual([422, [{ field: 'sku', reason: 'INVALID' }]])
})

test('reserves, releases and commits, and answers repetitions alike', async () => {
  const app = await createStockedApp({ A: 3, B: 3 })
  const lines = [
    { sku: 'B', quantity: 1 },
    { sku: 'A', quantity: 1 },
    { sku: 'A', quantity: 1 },
  ]
  const reserve = (orderId: string) => request(app).post('/reservations').send({ orderId, lines })
  const reserved = await reserve('o-1')
  expect([reserved.status, reserved.headers.location, reserved.text]).toEqual([
    201,
    '/reservations/o-1',
    '{"orderId":"o-1","status":"reserved","lines":[{"sku":"A","quantity":2},{"sku":"B","quantity":1}],' +
      `"shortages":[],"updatedAt":"${at}"}`,
  ])
  const again = await reserve('o-1')
  expect([again.status, again.text]).toEqual([200, reserved.text])
  expect((await request(app).get('/reservations/o-1')).text).toBe(reserved.text)
  expect((await request(app).get('/products/A')).body.stock).toBe(1)
  for (let times = 0; times < 2; times++) {
    const released = await request(app).delete('/reservations/o-1')
    expect([released.status, released.body.status]).toEqual([200, 'released'])
    expect((await request(app).get('/products/A')).body.stock).toBe(3)
  }
  await reserve('o-2').expect(201)
  for (let times = 0; times < 2; times++) {
    const committed = await request(app).post('/reservations/o-2/commit')
    expect([committed.status, committed.body.status]).toEqual([200, 'committed'])
  }
})

test('refuses an order that can not have every line, takes nothing, and says what is short', async () => {
  const app = await createStockedApp({ A: 3, B: 1 })
  const lines = [
    { sku: 'A', quantity: 1 },
    { sku: 'B', quantity: 2 },
    { sku: 'C', quantity: 1 },
  ]
  const refused = await request(app).post('/reservations').send({ orderId: 'o', lines })
  expect([refused.status, refused.type]).toEqual([409, 'application/problem+json'])
  expect(refused.body).toEqual({
    type: 'urn:problem:out-of-stock',
    title: 'Out of stock',
    status: 409,
    detail: "order o can't have 2 of B (1 there), 1 of C (0 there)",
    orderId: 'o',
    shortages: [
      { sku: 'B', requested: 2, available: 1, reason: 'OUT_OF_STOCK' },
      { sku: 'C', requested: 1, available: 0, reason: 'NOT_FOR_SALE' },
    ],
  })
  expect((await request(app).get('/products/A')).body.stock).toBe(3)
  await request(app).post('/products/B/stock-adjustments').send({ delta: 9 }).expect(200)
  expect((await request(app).post('/reservations').send({ orderId: 'o', lines })).body).toEqual(refused.body)
  expect((await request(app).post('/reservations/o/commit')).body.type).toBe('urn:problem:out-of-stock')
  expect((await request(app).delete('/reservations/o')).body.status).toBe('refused')
})

test.each([
  ['a reservation that was released', ['reserve', 'release', 'reserve'], 'reservation-released'],
  ['a reservation whose release came first', ['release', 'reserve'], 'reservation-released'],
  ['other lines for the same order', ['reserve', 'reserve-other'], 'reservation-differs'],
  ['a release after the commit', ['reserve', 'commit', 'release'], 'reservation-committed'],
  ['a commit after the release', ['release', 'commit'], 'reservation-released'],
])('refuses %s', async (_what, steps, type) => {
  const app = await createStockedApp({ A: 3 })
  const reserve = (quantity: number) =>
    request(app)
      .post('/reservations')
      .send({ orderId: 'o', lines: [{ sku: 'A', quantity }] })
  const verbs: Record<string, () => request.Test> = {
    reserve: () => reserve(1),
    'reserve-other': () => reserve(2),
    release: () => request(app).delete('/reservations/o'),
    commit: () => request(app).post('/reservations/o/commit'),
  }
  for (const step of steps.slice(0, -1)) expect((await verbs[step]!()).status).toBeLessThan(300)
  const answer = await verbs[steps.at(-1)!]!()
  expect([answer.status, answer.body.type, answer.body.orderId]).toEqual([409, `urn:problem:${type}`, 'o'])
})

test('says that a rehearsal was one, and keeps nothing of it', async () => {
  const catalog = createInMemoryCatalogRepository()
  const app = await createStockedApp({ A: 3 }, catalog)
  const lines = [{ sku: 'A', quantity: 2 }]
  const rehearse = (call: request.Test) => call.set('Strangler-Rehearsal', '1')
  const answers = [
    await rehearse(request(app).post('/products')).send(cup),
    await rehearse(request(app).put('/products/A/price')).send({ price: '9' }),
    await rehearse(request(app).post('/products/A/stock-adjustments')).send({ delta: 9 }),
    await rehearse(request(app).post('/reservations')).send({ orderId: 'o', lines }),
    await rehearse(request(app).delete('/reservations/o')),
  ]
  expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 201, 200])
  for (const { headers } of answers) expect(headers['strangler-rehearsal']).toBe('done')
  expect((await request(app).get('/products')).body.items).toMatchObject([
    { sku: 'A', price: '1.00', stock: 3 },
  ])
  expect((await request(app).get('/reservations/o')).status).toBe(404)
  expect(catalog.messages()).toHaveLength(1)
})

test.each([
  ['get', '/products/NONE', undefined],
  ['get', '/products/none', undefined],
  ['put', '/products/NONE/price', { price: '1' }],
  ['post', '/products/NONE/stock-adjustments', { delta: 1 }],
] as const)('answers %s %s with the same problem: no such product', async (method, path, body) => {
  const answer = await request(createCatalogApp())[method](path).send(body)
  const sku = path.split('/')[2]
  expect([answer.status, answer.type, answer.text]).toEqual([
    404,
    'application/problem+json',
    `{"type":"urn:problem:product-not-found","title":"Product not found","status":404,"detail":"product ${sku} not found","sku":"${sku}"}`,
  ])
})

test.each([
  ['get', '/reservations/o'],
  ['post', '/reservations/o/commit'],
] as const)('answers %s %s of an order that it has never heard of', async (method, path) => {
  const answer = await request(createCatalogApp())[method](path)
  expect([answer.status, answer.body.type]).toEqual([404, 'urn:problem:reservation-not-found'])
})
