import { expect, test } from '@jest/globals'
import request from 'supertest'
import { createCustomersApp } from './customers-app.ts'

const ann = { name: 'Ann', creditLimit: '12.5' }
const annV2 = { name: 'Ann', creditLimit: { amount: '12.5', currency: 'EUR' } }

test('serves both majors side by side: a customer written in one is read in the other', async () => {
  const app = createCustomersApp()
  const first = await request(app).post('/v1/customers').send(ann)
  const second = await request(app)
    .post('/v2/customers')
    .send({ ...annV2, name: 'Bob' })
  expect([first.headers.location, second.headers.location]).toEqual(['/v1/customers/1', '/v2/customers/2'])
  expect((await request(app).get('/v2/customers/1')).body.creditLimit).toEqual({
    amount: '12.50',
    currency: 'EUR',
  })
  const [unprefixed, v1] = await Promise.all(
    ['/customers/2', '/v1/customers/2'].map(path => request(app).get(path)),
  )
  expect(unprefixed?.body.creditLimit).toBe('12.50')
  expect(v1?.text).toBe(unprefixed?.text)
  const { creditLimit, ...rest } = (await request(app).get('/v2/customers/2')).body
  expect({ ...rest, creditLimit: creditLimit.amount }).toEqual(v1?.body)
  const listed = (await request(app).get('/v2/customers')).body.items as { creditLimit: object }[]
  expect(listed.map(item => item.creditLimit)).toEqual(
    [annV2, annV2].map(() => ({ amount: '12.50', currency: 'EUR' })),
  )
})

test('takes money in each version as that version has it', async () => {
  const app = createCustomersApp()
  await request(app).post('/customers').send(ann).expect(201)
  const path = '/customers/1/credit-limit'
  const changed = await request(app)
    .put(`/v2${path}`)
    .send({ creditLimit: { amount: 3, currency: 'EUR' } })
  expect([changed.status, changed.body.creditLimit]).toEqual([200, { amount: '3.00', currency: 'EUR' }])
  for (const [url, body, field] of [
    [`/v2${path}`, { creditLimit: '3' }, 'creditLimit'],
    [`/v2${path}`, { creditLimit: { amount: '3', currency: 'USD' } }, 'creditLimit.currency'],
    [`/v2${path}`, { creditLimit: { amount: '3.001', currency: 'EUR' } }, 'creditLimit.amount'],
    [path, { creditLimit: { amount: '3', currency: 'EUR' } }, 'creditLimit'],
  ] as const) {
    const refused = await request(app).put(url).send(body)
    expect([url, refused.status, refused.body.violations]).toEqual([url, 422, [{ field, reason: 'INVALID' }]])
  }
})

test.each([
  ['get', '/customers/1', '/v2/customers/1', 200],
  ['get', '/v1/customers/1', '/v2/customers/1', 200],
  ['get', '/customers', '/v2/customers', 200],
  ['get', '/v1/customers/1/notes', '/v2/customers/1/notes', 200],
  ['get', '/customers/42', '/v2/customers/42', 404],
  ['put', '/customers/1/status', '/v2/customers/1/status', 400],
] as const)(
  'says on %s %s since when it is deprecated, when it ends and what comes after',
  async (method, path, next, status) => {
    const app = createCustomersApp()
    await request(app).post('/customers').send(ann)
    const { headers, status: answered } = await request(app)[method](path)
    expect(answered).toBe(status)
    // RFC 9745: a structured-field date; RFC 8594: an HTTP date, which must not be before it.
    expect(headers.deprecation).toMatch(/^@\d{10}$/)
    expect(headers.sunset).toBe(new Date(Date.parse(String(headers.sunset))).toUTCString())
    expect(Date.parse(String(headers.sunset))).toBeGreaterThan(Number(headers.deprecation?.slice(1)) * 1_000)
    expect(headers.link).toBe(`<${next}>; rel="successor-version"`)
    expect((await request(app)[method](next)).status).toBe(status)
  },
)

test.each(['/v2/customers/1', '/customers/1/credit-reservations/o1', '/health/live', '/openapi.json'])(
  'says no such thing on %s',
  async path => {
    const app = createCustomersApp()
    await request(app).post('/customers').send(ann)
    const { headers } = await request(app).get(path)
    expect([headers.deprecation, headers.sunset, headers.link]).toEqual([undefined, undefined, undefined])
  },
)

test('keeps a key to one version: its answer has the form of that one', async () => {
  const app = createCustomersApp()
  const send = (path: string, body: object) => request(app).post(path).set('idempotency-key', 'k').send(body)
  await send('/v2/customers', annV2).expect(201)
  expect((await send('/v2/customers', annV2)).body.creditLimit).toEqual({ amount: '12.50', currency: 'EUR' })
  expect((await send('/customers', ann)).body.type).toBe('urn:problem:idempotency-key-reuse')
})
