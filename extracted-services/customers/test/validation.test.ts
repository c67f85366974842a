import { expect, test } from '@jest/globals'
import type { Express } from 'express'
import fc from 'fast-check'
import request from 'supertest'
import { createCustomersApp } from './customers-app.ts'

type Violations = [field: string, reason: string][]

async function violationsOf(
  app: Express,
  method: 'post' | 'patch' | 'put' | 'get',
  path: string,
  body?: unknown,
): Promise<Violations> {
  const call = request(app)[method](path)
  const answer = await (body === undefined ? call : call.type('application/json').send(JSON.stringify(body)))
  expect([answer.status, answer.type, answer.body.type]).toEqual([
    422,
    'application/problem+json',
    'urn:problem:validation',
  ])
  expect(answer.body.detail).not.toBe('')
  return answer.body.violations.map(({ field, reason }: Record<string, string>) => [field, reason])
}

test.each<[unknown, Violations]>([
  [
    {},
    [
      ['name', 'REQUIRED'],
      ['creditLimit', 'REQUIRED'],
    ],
  ],
  [
    { name: ' ', creditLimit: -1 },
    [
      ['name', 'REQUIRED'],
      ['creditLimit', 'NEGATIVE'],
    ],
  ],
  [
    { creditLimit: null, name: null },
    [
      ['name', 'REQUIRED'],
      ['creditLimit', 'REQUIRED'],
    ],
  ],
  [
    { x: 1, vip: 'Y', creditLimit: '1.234', phone: '1'.repeat(31), email: 'a', name: 'n'.repeat(81), w: 2 },
    [
      ['name', 'TOO_LONG'],
      ['email', 'INVALID'],
      ['phone', 'TOO_LONG'],
      ['creditLimit', 'INVALID'],
      ['vip', 'INVALID'],
      ['x', 'INVALID'],
      ['w', 'INVALID'],
    ],
  ],
  [
    { name: 1, creditLimit: true },
    [
      ['name', 'INVALID'],
      ['creditLimit', 'INVALID'],
    ],
  ],
  [{ name: 'A', creditLimit: '10000000000' }, [['creditLimit', 'INVALID']]],
  [{ name: 'A', creditLimit: '1', id: 7 }, [['id', 'INVALID']]],
  [[], [['body', 'INVALID']]],
])('names every violation of the opening %j, in order', async (body, expected) => {
  expect(await violationsOf(createCustomersApp(), 'post', '/customers', body)).toEqual(expected)
})

test('takes no key that means something to JavaScript', async () => {
  const app = createCustomersApp()
  const answer = await request(app)
    .post('/customers')
    .type('application/json')
    .send('{"name":"A","creditLimit":"1","__proto__":{"vip":true},"constructor":1}')
  expect(answer.status).toBe(422)
  expect(answer.body.violations.map((violation: { field: string }) => violation.field)).toContain(
    'constructor',
  )
})

test.each<[string, unknown, Violations]>([
  ['/customers/1/credit-limit', {}, [['creditLimit', 'REQUIRED']]],
  ['/customers/1/credit-limit', { creditLimit: '-0.01' }, [['creditLimit', 'NEGATIVE']]],
  ['/customers/1/status', { status: 'A' }, [['status', 'INVALID']]],
  ['/customers/1/status', {}, [['status', 'REQUIRED']]],
])('refuses %s %j', async (path, body, expected) => {
  expect(await violationsOf(createCustomersApp(), 'put', path, body)).toEqual(expected)
})

test('refuses a name that a patch would clear', async () => {
  expect(await violationsOf(createCustomersApp(), 'patch', '/customers/1', { name: null })).toEqual([
    ['name', 'REQUIRED'],
  ])
})

test.each<[unknown, Violations]>([
  [{ text: '' }, [['text', 'REQUIRED']]],
  [{}, [['text', 'REQUIRED']]],
  [{ text: 'x'.repeat(501) }, [['text', 'TOO_LONG']]],
  [{ text: 5 }, [['text', 'INVALID']]],
])('refuses the note %j', async (body, expected) => {
  expect(await violationsOf(createCustomersApp(), 'post', '/customers/1/notes', body)).toEqual(expected)
})

test.each<[string, string[]]>([
  ['limit=0', ['limit']],
  ['limit=501', ['limit']],
  ['limit=ten', ['limit']],
  ['after=-1', ['after']],
  ['after=9007199254740993', ['after']],
  ['status=A', ['status']],
  ['name=a&name=b', ['name']],
  ['sort=name&limit=1e1', ['limit', 'sort']],
])('refuses the query %s', async (query, fields) => {
  const violations = await violationsOf(createCustomersApp(), 'get', `/customers?${query}`)
  expect(violations).toEqual(fields.map(field => [field, 'INVALID']))
})

test('answers any JSON whatever with 201 or the violations, never with a failure', async () => {
  const app = createCustomersApp()
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.jsonValue())
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record(
      { name: value, email: value, phone: value, creditLimit: value, vip: value },
      { requiredKeys: [] },
    ),
  )
  await fc.assert(
    fc.asyncProperty(body, async input => {
      const answer = await request(app)
        .post('/customers')
        .type('application/json')
        .send(JSON.stringify(input))
      expect([201, 400, 422]).toContain(answer.status)
    }),
    { numRuns: 200 },
  )
})
