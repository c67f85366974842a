import { expect, test } from '@jest/globals'
import request from 'supertest'
import { openApiDocument, orderSchema, problemSchema } from '../src/http/open-api-document.ts'
import { createOrdersApp, id, order } from './orders-app.ts'

type Document = { paths: Record<string, Record<string, { responses?: Record<string, unknown> }>> }

const { paths } = openApiDocument as unknown as Document
const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

test('is served, and every reference in it leads somewhere', async () => {
  const answer = await request(createOrdersApp()).get('/openapi.json')
  expect([answer.status, answer.body.openapi]).toEqual([200, '3.1.1'])
  const names = [...answer.text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(match => match[1])
  expect(new Set(names)).toEqual(new Set(Object.keys(openApiDocument.components.schemas)))
})

test('names every operation that the service has, and no other', async () => {
  for (const [path, operations] of Object.entries(paths)) {
    const { headers } = await request(createOrdersApp()).options(path.replace('{id}', id))
    const served = String(headers.allow).toLowerCase().split(', ')
    expect(methods.filter(method => served.includes(method))).toEqual(
      methods.filter(method => operations[method] !== undefined),
    )
  }
})

test('promises what the service answers', async () => {
  const app = createOrdersApp({ requestCancel: async () => ({ state: order, version: 1 }) })
  const body = { customerId: 7, lines: [{ sku: 'TEA', quantity: 1 }] }
  const calls = [
    ['post', '/orders', body, orderSchema],
    ['post', '/orders', {}, problemSchema],
    ['get', `/orders/${id}`, undefined, orderSchema],
    ['get', `/orders/${id}/audit`, undefined, problemSchema],
    ['post', `/orders/${id}/cancel`, undefined, orderSchema],
    ['get', '/order-history?customerId=x', undefined, problemSchema],
  ] as const
  for (const [method, path, sent, schema] of calls) {
    const answer = await request(app)[method](path).send(sent)
    const template = path.split('?')[0]!.replace(id, '{id}')
    expect(Object.keys(paths[template]?.[method]?.responses ?? {})).toContain(String(answer.status))
    expect(schema.safeParse(answer.body).error).toBeUndefined()
  }
})
