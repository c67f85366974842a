import { expect, test } from '@jest/globals'
import request from 'supertest'
import type { z } from 'zod'
import {
  creditAnswerSchema,
  customerSchema,
  customerV2Schema,
  noteAnswerSchema,
  openApiDocument,
  openApiV2Document,
  problemSchema,
} from '../src/http/open-api-document.ts'
import { createCustomersApp } from './customers-app.ts'

type Document = { paths: Record<string, Record<string, { responses?: Record<string, unknown> }>> }

const document = openApiDocument as unknown as Document
const methods = ['get', 'post', 'put', 'patch'] as const

test('is served, and every reference in it leads somewhere', async () => {
  const answer = await request(createCustomersApp()).get('/openapi.json')
  expect([answer.status, answer.body.openapi]).toEqual([200, '3.1.1'])
  const names = [...answer.text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(match => match[1])
  expect(new Set(names)).toEqual(new Set(Object.keys(openApiDocument.components.schemas)))
})

test('describes requests by the schemas that they are checked with', () => {
  expect(openApiDocument.components.schemas.Opening).toMatchObject({
    type: 'object',
    required: ['name', 'creditLimit'],
    additionalProperties: false,
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 80 },
      email: { anyOf: [{ type: 'string', maxLength: 120 }, { type: 'null' }] },
      creditLimit: { type: ['string', 'number'] },
    },
  })
  const limit = openApiDocument.paths['/customers'].get.parameters.find(
    parameter => (parameter as { name: string }).name === 'limit',
  )
  expect(limit).toMatchObject({
    in: 'query',
    schema: { type: 'integer', minimum: 1, maximum: 500 },
  })
})

test('names every operation that the service has, and no other', async () => {
  const app = createCustomersApp()
  for (const [path, operations] of Object.entries(document.paths)) {
    const { headers } = await request(app).options(path.replace('{id}', '1'))
    const served = String(headers.allow).toLowerCase().split(', ')
    expect(methods.filter(method => served.includes(method))).toEqual(
      methods.filter(method => operations[method] !== undefined),
    )
  }
})

test('promises what the service answers', async () => {
  const app = createCustomersApp()
  const calls: [(typeof methods)[number], string, object | undefined, z.ZodType | undefined][] = [
    ['post', '/customers', { name: 'Ann', creditLimit: 1 }, customerSchema],
    ['post', '/customers', { name: '' }, problemSchema],
    ['get', '/customers', undefined, undefined],
    ['get', '/customers?limit=0', undefined, problemSchema],
    ['get', '/customers/1', undefined, customerSchema],
    ['get', '/customers/2', undefined, problemSchema],
    ['patch', '/customers/1', { vip: true }, customerSchema],
    ['put', '/customers/1/credit-limit', { creditLimit: '2' }, customerSchema],
    ['put', '/customers/1/status', { status: 'closed' }, customerSchema],
    ['post', '/customers/1/notes', { text: 'x' }, noteAnswerSchema],
    ['get', '/customers/1/notes', undefined, undefined],
    ['get', '/customers/2/notes', undefined, problemSchema],
    ['post', '/customers/1/credit-reservations', { orderId: 'o1', amount: '3' }, problemSchema],
    ['put', '/customers/1/status', { status: 'active' }, customerSchema],
    ['post', '/customers/1/credit-reservations', { orderId: 'o2', amount: '2' }, creditAnswerSchema],
    ['post', '/customers/1/credit-reservations', { orderId: 'o2', amount: '2' }, creditAnswerSchema],
    ['post', '/customers/1/credit-reservations', { orderId: 'o3', amount: '0.01' }, problemSchema],
    ['post', '/customers/2/credit-reservations', { orderId: 'o4', amount: '1' }, problemSchema],
  ]
  for (const [method, path, body, schema] of calls) {
    const answer = await request(app)[method](path).send(body)
    const template = path.split('?')[0]!.replace(/\/\d+/, '/{id}')
    expect(Object.keys(document.paths[template]?.[method]?.responses ?? {})).toContain(String(answer.status))
    if (schema !== undefined) expect(schema.safeParse(answer.body).error).toBeUndefined()
  }
})

test('describes version 2 at its own address, and promises what that answers', async () => {
  const app = createCustomersApp()
  const answer = await request(app).get('/v2/openapi.json')
  expect(answer.body.info.version).toBe('2.0.0')
  const names = [...answer.text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(match => match[1])
  expect(new Set(names)).toEqual(new Set(Object.keys(openApiV2Document.components.schemas)))
  const v2 = openApiV2Document as unknown as Document
  for (const [path, operations] of Object.entries(v2.paths)) {
    const { headers } = await request(app).options(path.replace('{id}', '1'))
    const served = String(headers.allow).toLowerCase().split(', ')
    expect(methods.filter(method => served.includes(method))).toEqual(
      methods.filter(method => operations[method] !== undefined),
    )
  }
  const opened = await request(app)
    .post('/v2/customers')
    .send({ name: 'Ann', creditLimit: { amount: 1, currency: 'EUR' } })
  expect(customerV2Schema.safeParse(opened.body).error).toBeUndefined()
})

test('marks what is deprecated', () => {
  expect(openApiDocument.paths['/customers/{id}'].get).toMatchObject({ deprecated: true })
  expect(openApiV2Document.paths['/v2/customers/{id}']).not.toHaveProperty('get.deprecated')
  expect(openApiDocument.paths['/customers/{id}/credit-reservations'].post).not.toHaveProperty('deprecated')
})
