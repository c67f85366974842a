import { expect, test } from '@jest/globals'
import request from 'supertest'
import type { z } from 'zod'
import {
  openApiDocument,
  problemSchema,
  productSchema,
  reservationAnswerSchema,
} from '../src/http/open-api-document.ts'
import { createCatalogApp } from './catalog-app.ts'

type Document = { paths: Record<string, Record<string, { responses?: Record<string, unknown> }>> }

const document = openApiDocument as unknown as Document
const methods = ['get', 'post', 'put', 'delete'] as const

test('is served, and every reference in it leads somewhere', async () => {
  const answer = await request(createCatalogApp()).get('/openapi.json')
  expect([answer.status, answer.body.openapi]).toEqual([200, '3.1.1'])
  const names = [...answer.text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(match => match[1])
  expect(new Set(names)).toEqual(new Set(Object.keys(openApiDocument.components.schemas)))
})

test('describes requests by the schemas that they are checked with', () => {
  expect(openApiDocument.components.schemas.Listing).toMatchObject({
    type: 'object',
    required: ['sku', 'name', 'price'],
    additionalProperties: false,
    properties: {
      sku: { type: 'string', minLength: 1, maxLength: 20 },
      price: { type: ['string', 'number'] },
      stock: { type: 'integer', minimum: 0, maximum: 2_147_483_647 },
    },
  })
  expect(openApiDocument.components.schemas.NewReservation).toMatchObject({
    properties: {
      lines: {
        minItems: 1,
        maxItems: 100,
        items: { properties: { quantity: { type: 'integer', maximum: 9_999 } } },
      },
    },
  })
})

test('names every operation that the service has, and no other', async () => {
  const app = createCatalogApp()
  for (const [path, operations] of Object.entries(document.paths)) {
    const { headers } = await request(app).options(path.replace(/\{\w+\}/, 'A'))
    const served = String(headers.allow).toLowerCase().split(', ')
    expect(methods.filter(method => served.includes(method))).toEqual(
      methods.filter(method => operations[method] !== undefined),
    )
  }
})

test('promises what the service answers', async () => {
  const app = createCatalogApp()
  const lines = [{ sku: 'A', quantity: 1 }]
  const calls: [(typeof methods)[number], string, string, object | undefined, z.ZodType | undefined][] = [
    ['post', '/products', '/products', { sku: 'A', name: 'Cup', price: 1, stock: 3 }, productSchema],
    ['post', '/products', '/products', {}, problemSchema],
    ['get', '/products', '/products', undefined, undefined],
    ['get', '/products', '/products?limit=0', undefined, problemSchema],
    ['get', '/products/{sku}', '/products/A', undefined, productSchema],
    ['get', '/products/{sku}', '/products/B', undefined, problemSchema],
    ['put', '/products/{sku}/price', '/products/A/price', { price: '2' }, productSchema],
    ['put', '/products/{sku}/price', '/products/B/price', { price: '2' }, problemSchema],
    [
      'post',
      '/products/{sku}/stock-adjustments',
      '/products/A/stock-adjustments',
      { delta: 1 },
      productSchema,
    ],
    ['post', '/reservations', '/reservations', { orderId: 'o', lines }, reservationAnswerSchema],
    ['post', '/reservations', '/reservations', { orderId: 'o', lines }, reservationAnswerSchema],
    [
      'post',
      '/reservations',
      '/reservations',
      { orderId: 'p', lines: [{ sku: 'X', quantity: 1 }] },
      problemSchema,
    ],
    ['get', '/reservations/{orderId}', '/reservations/o', undefined, reservationAnswerSchema],
    ['get', '/reservations/{orderId}', '/reservations/p', undefined, reservationAnswerSchema],
    ['get', '/reservations/{orderId}', '/reservations/q', undefined, problemSchema],
    ['post', '/reservations/{orderId}/commit', '/reservations/o/commit', undefined, reservationAnswerSchema],
    ['post', '/reservations/{orderId}/commit', '/reservations/p/commit', undefined, problemSchema],
    ['post', '/reservations/{orderId}/commit', '/reservations/q/commit', undefined, problemSchema],
    ['delete', '/reservations/{orderId}', '/reservations/o', undefined, problemSchema],
    ['delete', '/reservations/{orderId}', '/reservations/p', undefined, reservationAnswerSchema],
  ]
  for (const [method, template, path, body, schema] of calls) {
    const answer = await request(app)[method](path).send(body)
    expect(Object.keys(document.paths[template]?.[method]?.responses ?? {})).toContain(String(answer.status))
    if (schema !== undefined) expect(schema.safeParse(answer.body).error).toBeUndefined()
  }
})
