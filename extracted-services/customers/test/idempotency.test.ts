import { expect, test } from '@jest/globals'
import type { Express } from 'express'
import request from 'supertest'
import { createCustomersApp } from './customers-app.ts'

const ann = { name: 'Ann', creditLimit: '1' }
const post = (app: Express, key: string, body: object, path = '/customers') =>
  request(app).post(path).set('Idempotency-Key', key).send(body)
const count = async (app: Express) => (await request(app).get('/customers')).body.items.length

test('answers a repetition as the first request and opens one customer', async () => {
  const app = createCustomersApp()
  const first = await post(app, 'k1', ann)
  await request(app).patch('/customers/1').send({ name: 'Anne' }).expect(200)
  const again = await post(app, 'k1', { creditLimit: '1', name: 'Ann' })
  expect([again.status, again.headers.location, again.text]).toEqual([201, '/customers/1', first.text])
  expect(await count(app)).toBe(1)
})

test('refuses a key that came with another body or to another address', async () => {
  const app = createCustomersApp()
  await post(app, 'k1', ann).expect(201)
  const other = await post(app, 'k1', { ...ann, name: 'Bob' })
  expect([other.status, other.body.type]).toEqual([422, 'urn:problem:idempotency-key-reuse'])
  expect((await post(app, 'k1', { text: 'x' }, '/customers/1/notes')).status).toBe(422)
  expect(await count(app)).toBe(1)
})

test('writes one note for a repeated request', async () => {
  const app = createCustomersApp()
  await post(app, 'k1', ann).expect(201)
  const first = await post(app, 'n1', { text: 'x' }, '/customers/1/notes')
  expect((await post(app, 'n1', { text: 'x' }, '/customers/1/notes')).text).toBe(first.text)
  expect((await request(app).get('/customers/1/notes')).body.items).toHaveLength(1)
})

test('does not remember a request that was refused', async () => {
  const app = createCustomersApp()
  await post(app, 'k1', { text: 'x' }, '/customers/1/notes').expect(404)
  await post(app, 'k1', ann).expect(201)
})

test('says that a rehearsal was one, and keeps nothing of it', async () => {
  const app = createCustomersApp()
  const rehearsed = await post(app, 'k1', ann).set('Strangler-Rehearsal', '1')
  expect([rehearsed.status, rehearsed.headers['strangler-rehearsal'], rehearsed.body.name]).toEqual([
    201,
    'done',
    'Ann',
  ])
  expect(await count(app)).toBe(0)
  const real = await post(app, 'k1', ann)
  expect([real.status, real.headers['strangler-rehearsal']]).toEqual([201, undefined])
  await request(app)
    .put('/customers/2/status')
    .set('Strangler-Rehearsal', '1')
    .send({ status: 'closed' })
    .expect(200)
  expect((await request(app).get('/customers/2')).body.status).toBe('active')
})
