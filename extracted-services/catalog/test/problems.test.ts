import { expect, test } from '@jest/globals'
import request, { type Response } from 'supertest'
import { createCatalogApp } from './catalog-app.ts'
import { createInMemoryCatalogRepository } from './in-memory-catalog-repository.ts'

const failing = (error: unknown) => {
  const fail = () => Promise.reject(error)
  return createCatalogApp({ ...createInMemoryCatalogRepository(), find: fail, write: fail })
}
const databaseError = (errno: number, sqlMessage: string) =>
  Object.assign(new Error(sqlMessage), { errno, sqlMessage, code: 'ER_X' })
const said = (answer: Response) => [answer.status, answer.headers['retry-after'], answer.body.type]

const fence = databaseError(1644, 'STRANGLER-FENCE capability catalog is written on the legacy side, epoch 3')
const line = { sku: 'A', quantity: 1 }

test.each([
  ['post', '/products', { sku: 'A', name: 'Cup', price: 1 }],
  ['put', '/products/A/price', { price: 1 }],
  ['post', '/products/A/stock-adjustments', { delta: 1 }],
  ['post', '/reservations', { orderId: 'o', lines: [line] }],
  ['delete', '/reservations/o', undefined],
  ['post', '/reservations/o/commit', undefined],
] as const)('says that %s %s is fenced, and when to come again', async (method, path, body) => {
  const answer = await request(failing(fence))[method](path).send(body)
  expect(said(answer)).toEqual([503, '1', 'urn:problem:write-fenced'])
})

test('says that the database is away', async () => {
  const app = failing(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))
  expect(said(await request(app).get('/products/A'))).toEqual([503, '1', 'urn:problem:unavailable'])
})

test('tells nothing about a failure that nobody foresaw', async () => {
  const answer = await request(failing(new Error('secret table missing'))).get('/products/A')
  expect(answer.status).toBe(500)
  expect(answer.text).not.toContain('secret')
})

test.each([
  ['broken JSON', 400, '/products', '{"sku":'],
  ['no body', 400, '/reservations', ''],
])('answers %s with %d', async (_what, status, path, body) => {
  const answer = await request(createCatalogApp()).post(path).type('application/json').send(body)
  expect([answer.status, answer.body.type]).toEqual([status, 'urn:problem:malformed-json'])
})
