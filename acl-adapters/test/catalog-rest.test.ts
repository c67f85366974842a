import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { catalogRest } from '../adapters/catalog/catalog-rest.ts'
import { type Adapters, startAdapters } from '../src/start-adapters.ts'
import { envelope, sendXml, shopWsdl, startUpstream, type Upstream } from './shop-fixtures.ts'

const productXml =
  '<c:sku>CUP-1</c:sku><c:name>Cup &lt;1&gt;</c:name><c:price>7.50</c:price><c:stock>3</c:stock><c:active>true</c:active><c:changedAt>2024-03-01T00:00:00Z</c:changedAt>'
const productJson = {
  sku: 'CUP-1',
  name: 'Cup <1>',
  price: '7.50',
  stock: 3,
  active: true,
  updatedAt: '2024-03-01T00:00:00Z',
}
let monolith: Upstream
let adapters: Adapters
let answer: (response: ServerResponse) => void

const reply = (element: string, content = `<c:product>${productXml}</c:product>`) => {
  answer = response =>
    sendXml(response, envelope(`<c:${element} xmlns:c="urn:shop:2009:catalog">${content}</c:${element}>`))
}
const fault = (detail: string) => {
  answer = response =>
    sendXml(
      response,
      envelope(
        `<s:Fault><faultcode>s:Client</faultcode><faultstring>x</faultstring><detail>${detail}</detail></s:Fault>`,
      ),
      500,
    )
}

async function call(method: string, path: string, body?: unknown) {
  const response = await fetch(adapters.restUrl + path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  return { status: response.status, location: response.headers.get('location'), text: await response.text() }
}

/** The Body's content as the monolith got it, without namespaces. */
function sent(): string {
  const content = /<soap:Body>(.*)<\/soap:Body>/s.exec(monolith.last().body)![1]!
  return content.replace(/ xmlns:\w+="[^"]*"/g, '').replace(/(<\/?)\w+:/g, '$1')
}

beforeAll(async () => {
  monolith = await startUpstream((_, response) => answer(response))
  adapters = await startAdapters({
    host: '127.0.0.1',
    restPort: 0,
    facadePort: 0,
    wsdl: shopWsdl,
    monolithUrl: monolith.url,
    serviceUrl: 'http://127.0.0.1:1',
    restMappings: [catalogRest],
    soapMappings: [],
    log: pino({ level: 'silent' }),
  })
})
beforeEach(() => {
  monolith.received.length = 0
})
afterAll(async () => {
  await adapters.close()
  await monolith.close()
})

test.each<[string, string, unknown, string, string, number]>([
  ['GET', '/products/CUP-1', undefined, 'GetProduct', '<sku>CUP-1</sku>', 200],
  [
    'POST',
    '/products',
    { stock: 3, price: 7.5, name: 'Cup <1>', sku: 'CUP-1' },
    'CreateProduct',
    '<sku>CUP-1</sku><name>Cup &lt;1&gt;</name><price>7.50</price><stock>3</stock>',
    201,
  ],
  [
    'POST',
    '/products',
    { sku: 'CUP-1', name: 'Cup', price: '007' },
    'CreateProduct',
    '<sku>CUP-1</sku><name>Cup</name><price>7.00</price>',
    201,
  ],
  [
    'PUT',
    '/products/CUP-1/price',
    { price: '-0' },
    'ChangePrice',
    '<sku>CUP-1</sku><price>0.00</price>',
    200,
  ],
  [
    'POST',
    '/products/CUP-1/stock-adjustments',
    { delta: -2 },
    'AdjustStock',
    '<sku>CUP-1</sku><delta>-2</delta>',
    200,
  ],
])('%s %s %j is %s %s', async (method, path, body, operation, content, status) => {
  reply(`${operation}Response`)
  const got = await call(method, path, body)
  expect([got.status, got.text]).toEqual([status, JSON.stringify(productJson)])
  expect(got.location).toBe(status === 201 ? '/products/CUP-1' : null)
  expect(sent()).toBe(`<${operation}>${content}</${operation}>`)
})

test.each([
  ['', ''],
  [
    '?activeOnly=true&after=A%26&limit=2',
    '<activeOnly>true</activeOnly><afterSku>A&amp;</afterSku><maxRows>2</maxRows>',
  ],
  ['?activeOnly=false&after=', '<activeOnly>false</activeOnly><afterSku></afterSku>'],
])('lists the products of %s, none or one of them', async (query, content) => {
  for (const items of [[], [productJson]]) {
    reply('ListProductsResponse', items.map(() => `<c:product>${productXml}</c:product>`).join(''))
    expect(JSON.parse((await call('GET', `/products${query}`)).text)).toEqual({ items })
  }
  expect(sent().replace(/<(\w+)\/>/g, '<$1></$1>')).toBe(`<ListProducts>${content}</ListProducts>`)
})

test.each<[string, string, unknown, string[]]>([
  ['POST', '/products', {}, ['sku REQUIRED', 'name REQUIRED', 'price REQUIRED']],
  [
    'POST',
    '/products',
    { x: 1, stock: -1, price: '1.234', name: 'n'.repeat(81), sku: 'A'.repeat(21) },
    ['sku TOO_LONG', 'name TOO_LONG', 'price INVALID', 'stock NEGATIVE', 'x INVALID'],
  ],
  [
    'POST',
    '/products',
    { sku: 'a', name: 'n\u0000', price: -1, stock: 2_147_483_648 },
    ['sku INVALID', 'name INVALID', 'price NEGATIVE', 'stock INVALID'],
  ],
  [
    'POST',
    '/products',
    { sku: 1, name: null, price: true, stock: null },
    ['sku INVALID', 'name REQUIRED', 'price INVALID', 'stock REQUIRED'],
  ],
  ['POST', '/products', [], ['body INVALID']],
  ['PUT', '/products/A/price', { price: '1000000' }, ['price INVALID']],
  ['POST', '/products/A/stock-adjustments', { delta: 0.5 }, ['delta INVALID']],
  ['POST', '/products/A/stock-adjustments', { delta: -2_147_483_649 }, ['delta INVALID']],
  ['POST', '/products/A/stock-adjustments', {}, ['delta REQUIRED']],
  [
    'GET',
    '/products?limit=0&x=1&activeOnly=1',
    undefined,
    ['activeOnly INVALID', 'limit INVALID', 'x INVALID'],
  ],
  ['GET', '/products?after=%00', undefined, ['after INVALID']],
  ['GET', '/products?after=A&after=B', undefined, ['after INVALID']],
])('refuses %s %s %j without asking the monolith', async (method, path, body, expected) => {
  const got = await call(method, path, body)
  const { type, violations } = JSON.parse(got.text)
  expect([got.status, type]).toEqual([422, 'urn:problem:validation'])
  expect(violations.map((one: Record<string, string>) => `${one.field} ${one.reason}`)).toEqual(expected)
  expect(monolith.received).toEqual([])
})

test.each(['a', 'A%20', '%EC%97%86%EC%9D%8C', 'A'.repeat(21)])(
  'answers the SKU %s, which can be none, as one that is not there',
  async sku => {
    const got = await call('PUT', `/products/${sku}/price`, { price: 'x' })
    expect([got.status, JSON.parse(got.text)]).toMatchObject([
      404,
      { type: 'urn:problem:product-not-found', sku: decodeURIComponent(sku) },
    ])
    expect(monolith.received).toEqual([])
  },
)

test('answers the typed faults of the monolith as the problems of the service', async () => {
  fault('<f:ProductNotFound xmlns:f="urn:shop:2009:common"><f:sku>CUP-1</f:sku></f:ProductNotFound>')
  expect((await call('GET', '/products/CUP-1')).text).toBe(
    '{"type":"urn:problem:product-not-found","title":"Product not found","status":404,"detail":"product CUP-1 not found","sku":"CUP-1"}',
  )
  fault(
    '<f:ValidationFault xmlns:f="urn:shop:2009:common"><f:violation><f:field>delta</f:field><f:reason>NEGATIVE</f:reason></f:violation></f:ValidationFault>',
  )
  expect((await call('POST', '/products/CUP-1/stock-adjustments', { delta: -9 })).text).toBe(
    '{"type":"urn:problem:validation","title":"Validation failed","status":422,"detail":"delta NEGATIVE","violations":[{"field":"delta","reason":"NEGATIVE"}]}',
  )
})
