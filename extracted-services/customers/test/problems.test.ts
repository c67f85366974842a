import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createHttpServer } from '@strangler/chassis/http/create-http-server.ts'
import { type Listening, listen } from '@strangler/kit/listen.ts'
import request, { type Response } from 'supertest'
import { createCustomersApp } from './customers-app.ts'
import { createInMemoryCustomersRepository } from './in-memory-customers-repository.ts'

let server: Listening
const send = (path: string, init: RequestInit = {}) => fetch(server.url + path, { method: 'POST', ...init })
const json = { 'content-type': 'application/json' }

beforeAll(async () => {
  server = await listen(createHttpServer(createCustomersApp()), 0)
})

afterAll(() => server.close())

test.each<[string, number, string, string, RequestInit]>([
  ['broken JSON', 400, 'malformed-json', '/customers', { body: '{"name":', headers: json }],
  ['a JSON text that is no document', 400, 'malformed-json', '/customers', { body: '"x"', headers: json }],
  ['no body', 400, 'malformed-json', '/customers', {}],
  [
    'text that is not UTF-8',
    400,
    'malformed-json',
    '/customers',
    { body: Buffer.from('{"name":"Zo\xeb","creditLimit":1}', 'latin1'), headers: json },
  ],
  [
    'UTF-16',
    415,
    'unsupported-media-type',
    '/customers',
    {
      body: Buffer.from('{"name":"A","creditLimit":1}', 'utf16le'),
      headers: { 'content-type': 'application/json; charset=utf-16le' },
    },
  ],
  [
    'a compressed body',
    415,
    'unsupported-media-type',
    '/customers',
    {
      body: gzipSync('{"name":"A","creditLimit":1}'),
      headers: { ...json, 'content-encoding': 'gzip' },
    },
  ],
  ['an empty body', 400, 'malformed-json', '/customers', { body: '', headers: json }],
  [
    'XML',
    415,
    'unsupported-media-type',
    '/customers',
    { body: '<a/>', headers: { 'content-type': 'text/xml' } },
  ],
  [
    'an unknown charset',
    415,
    'unsupported-media-type',
    '/customers',
    { body: '{}', headers: { 'content-type': 'application/json; charset=koi8-r' } },
  ],
  [
    'an unknown encoding',
    415,
    'unsupported-media-type',
    '/customers',
    { body: '{}', headers: { ...json, 'content-encoding': 'zip' } },
  ],
  [
    'a body over the limit',
    413,
    'body-too-large',
    '/customers',
    { body: `{"name":"${'x'.repeat(70_000)}"}`, headers: json },
  ],
  ['an unknown address', 404, 'not-found', '/orders', { body: '{', headers: json }],
  ['a trailing slash', 404, 'not-found', '/customers/', { body: '{}', headers: json }],
  ['an id that is no number', 404, 'not-found', '/customers/1e3', { method: 'GET' }],
  ['an id with a leading zero', 404, 'not-found', '/customers/01', { method: 'GET' }],
  ['an address that is not UTF-8', 400, 'bad-request', '/customers/%ff', { method: 'GET' }],
  [
    'an Idempotency-Key with a space',
    400,
    'idempotency-key-invalid',
    '/customers',
    { body: '{"name":"A","creditLimit":1}', headers: { ...json, 'idempotency-key': 'a b' } },
  ],
])('answers %s with %d %s', async (_what, status, type, path, init) => {
  const answer = await send(path, init)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    status,
    'application/problem+json; charset=utf-8',
  ])
  expect(await answer.json()).toMatchObject({ type: `urn:problem:${type}`, status })
})

test('quotes nothing of a broken body', async () => {
  const answer = await send('/customers', { body: '{"password": hunter2}', headers: json })
  expect(await answer.text()).not.toContain('hunter2')
})

test('names the methods that an address has', async () => {
  const wrong = await send('/customers/1', { method: 'DELETE' })
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, PATCH, OPTIONS'])
  expect(await wrong.json()).toMatchObject({ type: 'urn:problem:method-not-allowed' })
  const asked = await send('/customers/1/status', { method: 'OPTIONS' })
  expect([asked.status, asked.headers.get('allow')]).toEqual([204, 'PUT, OPTIONS'])
  expect((await send('/customers', { method: 'HEAD' })).status).toBe(200)
})

test('answers a head that is too large', async () => {
  const answer = await send('/customers', { method: 'GET', headers: { 'x-large': 'x'.repeat(20_000) } })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([431, 'application/problem+json'])
})

const failing = (error: unknown) => {
  const repository = createInMemoryCustomersRepository()
  const fail = () => Promise.reject(error)
  return createCustomersApp({ ...repository, find: fail, write: fail })
}
const databaseError = (errno: number, sqlMessage: string) =>
  Object.assign(new Error(sqlMessage), { errno, sqlMessage, code: 'ER_X' })

const said = (answer: Response) => [answer.status, answer.headers['retry-after'], answer.body.type]

test('says that writes are fenced, and when to come again', async () => {
  const app = failing(
    databaseError(1644, 'STRANGLER-FENCE capability customers is written on the legacy side, epoch 3'),
  )
  const answer = await request(app).post('/customers').send({ name: 'A', creditLimit: 1 })
  expect(said(answer)).toEqual([503, '1', 'urn:problem:write-fenced'])
})

test('does not take any other signal of a trigger for the fence', async () => {
  const app = failing(databaseError(1644, 'something else'))
  const answer = await request(app).post('/customers').send({ name: 'A', creditLimit: 1 })
  expect(said(answer)).toEqual([500, undefined, 'urn:problem:internal'])
})

test.each([
  Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
  Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST' }),
  databaseError(1040, 'Too many connections'),
  databaseError(1205, 'Lock wait timeout exceeded'),
])('says that the database is away: %p', async error => {
  expect(said(await request(failing(error)).get('/customers/1'))).toEqual([
    503,
    '1',
    'urn:problem:unavailable',
  ])
})

test('tells nothing about a failure that nobody foresaw', async () => {
  const answer = await request(failing(new Error('secret table missing'))).get('/customers/1')
  expect(answer.status).toBe(500)
  expect(answer.text).toBe(
    '{"type":"urn:problem:internal","title":"Internal error","status":500,"detail":"the request failed"}',
  )
})
