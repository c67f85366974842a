import { expect, test } from '@jest/globals'
import type { Express } from 'express'
import request from 'supertest'
import { createCustomersApp } from './customers-app.ts'

const at = '2024-02-29T12:00:00Z'
const ann = { name: 'Ann', email: 'ann@example.org', phone: '1', creditLimit: '1234.5', vip: true }
const annOnTheWire =
  '{"id":1,"name":"Ann","email":"ann@example.org","phone":"1","creditLimit":"1234.50","status":"active",' +
  `"vip":true,"openedAt":"${at}","reviewedOn":null,"updatedAt":"${at}"}`

async function withAnn(): Promise<Express> {
  const app = createCustomersApp()
  await request(app).post('/customers').send(ann).expect(201)
  return app
}

test('opens a customer and says where it is', async () => {
  const answer = await request(createCustomersApp()).post('/customers').send(ann)
  expect([answer.status, answer.headers.location, answer.text]).toEqual([201, '/customers/1', annOnTheWire])
})

test('opens a customer of whom only name and limit are known', async () => {
  const answer = await request(createCustomersApp()).post('/customers').send({ name: 'Bob', creditLimit: 0 })
  expect(answer.body).toMatchObject({ email: null, phone: null, creditLimit: '0.00', vip: false })
})

test('answers a customer with the keys in their order', async () => {
  const answer = await request(await withAnn()).get('/customers/1')
  expect([answer.status, answer.type, answer.text]).toEqual([200, 'application/json', annOnTheWire])
})

test('lists by prefix, status, after and limit', async () => {
  const app = await withAnn()
  for (const name of ['ann', 'Anna', 'Bob'])
    await request(app).post('/customers').send({ name, creditLimit: 1 }).expect(201)
  await request(app).put('/customers/3/status').send({ status: 'closed' }).expect(200)
  const ids = async (query: string) =>
    (await request(app).get(`/customers${query}`)).body.items.map((item: { id: number }) => item.id)
  expect(await ids('')).toEqual([1, 2, 3, 4])
  expect(await ids('?name=Ann')).toEqual([1, 3])
  expect(await ids('?name=Ann&status=closed')).toEqual([3])
  expect(await ids('?after=1&limit=2')).toEqual([2, 3])
  expect(await ids('?name=%25')).toEqual([])
})

test('changes what a patch names, clears what it says is null, keeps the rest', async () => {
  const app = await withAnn()
  const answer = await request(app).patch('/customers/1').send({ email: null, vip: false })
  expect(answer.status).toBe(200)
  expect(answer.body).toMatchObject({ name: 'Ann', email: null, phone: '1', vip: false })
  expect((await request(app).get('/customers/1')).body).toEqual(answer.body)
})

test('sets credit limit and status', async () => {
  const app = await withAnn()
  const limit = await request(app).put('/customers/1/credit-limit').send({ creditLimit: 0.1 })
  expect([limit.status, limit.body.creditLimit]).toEqual([200, '0.10'])
  const status = await request(app).put('/customers/1/status').send({ status: 'suspended' })
  expect([status.status, status.body.status]).toEqual([200, 'suspended'])
})

test('writes notes and lists them', async () => {
  const app = await withAnn()
  const note = await request(app).post('/customers/1/notes').send({ text: 'called' })
  expect([note.status, note.text]).toEqual([
    201,
    `{"id":1,"customerId":1,"text":"called","writtenAt":"${at}"}`,
  ])
  expect((await request(app).get('/customers/1/notes')).body).toEqual({ items: [note.body] })
})

test.each([
  ['get', '/customers/42', undefined],
  ['patch', '/customers/42', {}],
  ['put', '/customers/42/credit-limit', { creditLimit: '1' }],
  ['put', '/customers/42/status', { status: 'closed' }],
  ['get', '/customers/42/notes', undefined],
  ['post', '/customers/42/notes', { text: 'x' }],
] as const)('answers %s %s with the same problem: no such customer', async (method, path, body) => {
  const answer = await request(await withAnn())
    [method](path)
    .send(body)
  expect([answer.status, answer.type]).toEqual([404, 'application/problem+json'])
  expect(answer.text).toBe(
    '{"type":"urn:problem:customer-not-found","title":"Customer not found","status":404,' +
      '"detail":"customer 42 not found","customerId":42}',
  )
})
