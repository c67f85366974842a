import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { catalogSoap } from '../adapters/catalog/catalog-soap.ts'
import { customersSoap } from '../adapters/customers/customers-soap.ts'
import { type Adapters, startAdapters } from '../src/start-adapters.ts'
import { envelope, sendJson, shopWsdl, startUpstream, type Upstream } from './shop-fixtures.ts'
import { get42, read } from './soap-harness.ts'

const productJson = {
  sku: 'CUP-1',
  name: 'Cup <1>',
  price: '7.50',
  stock: 3,
  active: true,
  updatedAt: '2024-03-01T00:00:00Z',
}
const { updatedAt: changedAt, ...rest } = productJson
const product = { ...rest, changedAt }
let catalog: Upstream
let customers: Upstream
let adapters: Adapters
let answer: { status: number; body: unknown }

async function ask(operation: string, content: string) {
  const response = await fetch(`${adapters.facadeUrl}/soap`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body: envelope(`<${operation} xmlns="urn:shop:2009:catalog">${content}</${operation}>`),
  })
  return { status: response.status, read: await read(await response.text()) }
}

beforeAll(async () => {
  catalog = await startUpstream((_, response) => sendJson(response, answer.body, answer.status))
  customers = await startUpstream((_, response) => sendJson(response, {}, 404))
  adapters = await startAdapters({
    host: '127.0.0.1',
    restPort: 0,
    facadePort: 0,
    wsdl: shopWsdl,
    monolithUrl: 'http://127.0.0.1:1',
    serviceUrl: customers.url,
    serviceUrls: { '/products': catalog.url },
    restMappings: [],
    soapMappings: [customersSoap, catalogSoap],
    log: pino({ level: 'silent' }),
  })
})
beforeEach(() => {
  catalog.received.length = 0
  customers.received.length = 0
})
afterAll(async () => {
  await adapters.close()
  await Promise.all([catalog.close(), customers.close()])
})

test.each<[string, string, string, string, object | undefined]>([
  ['GetProduct', '<sku>CUP-1</sku>', 'GET', '/products/CUP-1', undefined],
  ['GetProduct', '<sku>a/b ?&amp;</sku>', 'GET', '/products/a%2Fb%20%3F%26', undefined],
  [
    'CreateProduct',
    '<price>+7.5</price><name>Cup &lt;1&gt;</name><sku>CUP-1</sku><stock>3</stock>',
    'POST',
    '/products',
    { sku: 'CUP-1', name: 'Cup <1>', price: '7.5', stock: 3 },
  ],
  ['CreateProduct', '<sku/><name/><price>1</price>', 'POST', '/products', { sku: '', name: '', price: '1' }],
  ['ChangePrice', '<sku>CUP-1</sku><price>8</price>', 'PUT', '/products/CUP-1/price', { price: '8' }],
  [
    'AdjustStock',
    '<sku>CUP-1</sku><delta>-2</delta>',
    'POST',
    '/products/CUP-1/stock-adjustments',
    { delta: -2 },
  ],
])('%s %s is %s %s', async (operation, content, method, path, body) => {
  answer = { status: method === 'POST' ? 201 : 200, body: productJson }
  expect(await ask(operation, content)).toEqual({ status: 200, read: { version: '1.1', json: { product } } })
  const sent = catalog.last()
  expect([sent.method, sent.path, sent.body === '' ? undefined : JSON.parse(sent.body)]).toEqual([
    method,
    path,
    body,
  ])
  expect(customers.received).toEqual([])
})

test.each([
  ['', '/products'],
  ['<activeOnly>1</activeOnly>', '/products?activeOnly=true'],
  [
    '<activeOnly>false</activeOnly><afterSku>A&amp;</afterSku><maxRows>500</maxRows>',
    '/products?activeOnly=false&after=A%26&limit=500',
  ],
  ['<afterSku/>', '/products?after='],
])('lists the products of %s from %s', async (content, path) => {
  for (const items of [[], [productJson, productJson]]) {
    answer = { status: 200, body: { items } }
    expect(await ask('ListProducts', content)).toMatchObject({
      read: { json: { product: items.map(() => product) } },
    })
    expect(catalog.last().path).toBe(path)
  }
})

test.each<[string, number, object, object]>([
  [
    'a product that is not there',
    404,
    { type: 'urn:problem:product-not-found', sku: 'X' },
    { reason: 'product X not found', detail: { ProductNotFound: { sku: 'X' } } },
  ],
  [
    'an address at which nothing is',
    404,
    { type: 'urn:problem:not-found' },
    { reason: 'product X not found', detail: { ProductNotFound: { sku: 'X' } } },
  ],
  [
    'violations',
    422,
    { type: 'urn:problem:validation', violations: [{ field: 'price', reason: 'NEGATIVE' }] },
    {
      reason: 'validation failed: price NEGATIVE',
      detail: { ValidationFault: { violation: [{ field: 'price', reason: 'NEGATIVE' }] } },
    },
  ],
])('answers %s with the fault the monolith would give', async (_what, status, body, fault) => {
  answer = { status, body: { title: 'A title', status, detail: 'secret detail', ...body } }
  expect(await ask('ChangePrice', '<sku>X</sku><price>-1</price>')).toMatchObject({
    status: 500,
    read: { fault: { code: 'Client', ...fault } },
  })
})

test.each<[string, string, ...object[]]>([
  [
    'CreateProduct',
    '',
    { field: 'sku', reason: 'REQUIRED' },
    { field: 'name', reason: 'REQUIRED' },
    { field: 'price', reason: 'REQUIRED' },
  ],
  ['CreateProduct', '<sku>A</sku><name>A</name><price>much</price>', { field: 'price', reason: 'INVALID' }],
  ['CreateProduct', '<sku>A</sku><name>A</name><price/>', { field: 'price', reason: 'REQUIRED' }],
  ['ChangePrice', '<sku>A</sku>', { field: 'price', reason: 'REQUIRED' }],
])('answers %s %s with ValidationFault, as the monolith does', async (operation, content, ...violation) => {
  expect(await ask(operation, content)).toMatchObject({
    status: 500,
    read: { fault: { code: 'Client', detail: { ValidationFault: { violation } } } },
  })
  expect(catalog.received).toEqual([])
})

test.each([
  ['ChangePrice', '<price>1</price>'],
  ['AdjustStock', '<sku>A</sku>'],
  ['AdjustStock', '<sku>A</sku><delta>many</delta>'],
  ['ListProducts', '<maxRows>0</maxRows>'],
])('answers %s %s with a plain Client fault, as the monolith does', async (operation, content) => {
  expect(await ask(operation, content)).toMatchObject({
    status: 500,
    read: { fault: { code: 'Client', detail: {} } },
  })
  expect(catalog.received).toEqual([])
})

test('sends what is about customers to their service', async () => {
  await fetch(`${adapters.facadeUrl}/soap`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body: envelope(get42),
  })
  expect(customers.last().path).toBe('/customers/42')
  expect(catalog.received).toEqual([])
})
