import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import request from 'supertest'
import { createCatalogApp } from './catalog-app.ts'

type Violations = [field: string, reason: string][]

async function violationsOf(
  method: 'post' | 'put' | 'get',
  path: string,
  body?: unknown,
): Promise<Violations> {
  const call = request(createCatalogApp())[method](path)
  const answer = await (body === undefined ? call : call.type('application/json').send(JSON.stringify(body)))
  expect([answer.status, answer.type, answer.body.type]).toEqual([
    422,
    'application/problem+json',
    'urn:problem:validation',
  ])
  expect(answer.body.detail).not.toBe('')
  return answer.body.violations.map(({ field, reason }: Record<string, string>) => [field, reason])
}

const required = (...fields: string[]): Violations => fields.map(field => [field, 'REQUIRED'])

test.each<[unknown, Violations]>([
  [{}, required('sku', 'name', 'price')],
  [{ stock: null, price: null, name: null, sku: '' }, required('sku', 'name', 'price', 'stock')],
  [
    { x: 1, stock: -1, price: '1.234', name: 'n'.repeat(81), sku: 'A'.repeat(21), w: 2 },
    [
      ['sku', 'TOO_LONG'],
      ['name', 'TOO_LONG'],
      ['price', 'INVALID'],
      ['stock', 'NEGATIVE'],
      ['x', 'INVALID'],
      ['w', 'INVALID'],
    ],
  ],
  [
    { sku: 1, name: true, price: [], stock: 1.5 },
    [
      ['sku', 'INVALID'],
      ['name', 'INVALID'],
      ['price', 'INVALID'],
      ['stock', 'INVALID'],
    ],
  ],
  [
    { sku: 'a b', name: 'x', price: -1, stock: 2_147_483_648 },
    [
      ['sku', 'INVALID'],
      ['price', 'NEGATIVE'],
      ['stock', 'INVALID'],
    ],
  ],
  [[], [['body', 'INVALID']]],
])('names every violation of the product %j, in order', async (body, expected) => {
  expect(await violationsOf('post', '/products', body)).toEqual(expected)
})

test.each<['post' | 'put', string, unknown, Violations]>([
  ['put', '/products/A/price', {}, required('price')],
  ['put', '/products/A/price', { price: '-0.01' }, [['price', 'NEGATIVE']]],
  ['put', '/products/A/price', { price: '1000000' }, [['price', 'INVALID']]],
  ['post', '/products/A/stock-adjustments', {}, required('delta')],
  ['post', '/products/A/stock-adjustments', { delta: '1' }, [['delta', 'INVALID']]],
  ['post', '/products/A/stock-adjustments', { delta: 0.5 }, [['delta', 'INVALID']]],
  ['post', '/products/A/stock-adjustments', { delta: -2_147_483_649 }, [['delta', 'INVALID']]],
])('refuses %s %s %j', async (method, path, body, expected) => {
  expect(await violationsOf(method, path, body)).toEqual(expected)
})

test.each<[unknown, Violations]>([
  [{}, required('orderId', 'lines')],
  [{ orderId: '', lines: [] }, required('orderId', 'lines')],
  [
    { orderId: 7, lines: {} },
    [
      ['orderId', 'INVALID'],
      ['lines', 'INVALID'],
    ],
  ],
  [{ orderId: 'o/1', lines: [{ sku: 'A', quantity: 1 }] }, [['orderId', 'INVALID']]],
  [
    { orderId: 'o'.repeat(65), lines: Array(101).fill({ sku: 'A', quantity: 1 }) },
    [
      ['orderId', 'TOO_LONG'],
      ['lines', 'TOO_LONG'],
    ],
  ],
  [
    {
      orderId: 'o',
      lines: [
        { sku: 'A', quantity: 1 },
        { quantity: 0 },
        { sku: 'a', quantity: -1, gift: true },
        null,
        { sku: 'A', quantity: 10_000 },
      ],
    },
    [
      ['lines[1].sku', 'REQUIRED'],
      ['lines[1].quantity', 'INVALID'],
      ['lines[2].sku', 'INVALID'],
      ['lines[2].quantity', 'NEGATIVE'],
      ['lines[2].gift', 'INVALID'],
      ['lines[3]', 'REQUIRED'],
      ['lines[4].quantity', 'INVALID'],
    ],
  ],
])('names every violation of the reservation %j', async (body, expected) => {
  expect(await violationsOf('post', '/reservations', body)).toEqual(expected)
})

test.each<[string, Violations]>([
  ['limit=0', [['limit', 'INVALID']]],
  ['limit=501', [['limit', 'INVALID']]],
  ['after=%00', [['after', 'INVALID']]],
  ['after=A&after=B', [['after', 'INVALID']]],
  [
    'x=1&activeOnly=1',
    [
      ['activeOnly', 'INVALID'],
      ['x', 'INVALID'],
    ],
  ],
])('refuses the list of ?%s', async (query, expected) => {
  expect(await violationsOf('get', `/products?${query}`)).toEqual(expected)
})

test.each([
  ['/reservations/%20', 404],
  ['/reservations/-a', 404],
  [`/reservations/${'o'.repeat(65)}`, 404],
  ['/reservations/%ff', 400],
  ['/products/%ff', 400],
  ['/products/', 404],
  ['/products/A%20', 404],
])('answers an address like %s with %d', async (path, status) => {
  expect((await request(createCatalogApp()).get(path)).status).toBe(status)
})

test('answers any JSON whatever with 201 or a problem of the caller', async () => {
  const app = createCatalogApp()
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.jsonValue())
  const line = fc.oneof(value, fc.record({ sku: value, quantity: value }, { requiredKeys: [] }))
  const product = fc.record({ sku: value, name: value, price: value, stock: value }, { requiredKeys: [] })
  const reservation = fc.record(
    { orderId: value, lines: fc.oneof(value, fc.array(line)) },
    { requiredKeys: [] },
  )
  const call = fc.oneof(
    fc.tuple(fc.constant('/products'), fc.oneof(product, fc.jsonValue())),
    fc.tuple(fc.constant('/reservations'), fc.oneof(reservation, fc.jsonValue())),
  )
  await fc.assert(
    fc.asyncProperty(call, async ([path, body]) => {
      const answer = await request(app).post(path).type('application/json').send(JSON.stringify(body))
      expect([201, 400, 409, 422]).toContain(answer.status)
    }),
    { numRuns: 200 },
  )
})
