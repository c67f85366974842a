import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { orderIdOf, orderNoOf } from '../adapters/orders/order-forms.ts'
import { ordersRest } from '../adapters/orders/orders-rest.ts'
import { type Adapters, startAdapters } from '../src/start-adapters.ts'
import { envelope, sendXml, shopWsdl, startUpstream, type Upstream } from './shop-fixtures.ts'

let monolith: Upstream
let adapters: Adapters
let answer: (response: ServerResponse) => void

beforeAll(async () => {
  monolith = await startUpstream((_, response) => answer(response))
  adapters = await startAdapters({
    host: '127.0.0.1',
    restPort: 0,
    facadePort: 0,
    wsdl: shopWsdl,
    monolithUrl: monolith.url,
    serviceUrl: 'http://127.0.0.1:1',
    restMappings: [ordersRest],
    soapMappings: [],
    log: pino({ enabled: false }),
  })
})
afterAll(async () => {
  await adapters.close()
  await monolith.close()
})

const reply = (operation: string, statusCode: string) => {
  const order = `<o:order><o:orderNo>26</o:orderNo><o:custNo>42</o:custNo><o:statusCode>${statusCode}</o:statusCode><o:total>10.00</o:total><o:placedAt>2024-03-01T00:00:00Z</o:placedAt><o:changedAt>2024-03-02T00:00:00Z</o:changedAt><o:line><o:lineNo>1</o:lineNo><o:sku>A-1</o:sku><o:quantity>2</o:quantity><o:unitPrice>5.00</o:unitPrice><o:lineTotal>10.00</o:lineTotal></o:line></o:order>`
  answer = response =>
    sendXml(
      response,
      envelope(`<o:${operation}Response xmlns:o="urn:shop:2009:orders">${order}</o:${operation}Response>`),
    )
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
  return {
    status: response.status,
    location: response.headers.get('location'),
    body: (await response.json()) as Record<string, unknown>,
  }
}

const sent = () =>
  /<soap:Body>(.*)<\/soap:Body>/s
    .exec(monolith.last().body)![1]!
    .replace(/ xmlns:\w+="[^"]*"/g, '')
    .replace(/(<\/?)\w+:/g, '$1')

const id = '00000000-0000-0000-0000-00000000001a'
const placing = { customerId: 42, lines: [{ sku: 'A-1', quantity: 2 }] }
const order = {
  id,
  status: 'CONFIRMED',
  customerId: 42,
  lines: [{ sku: 'A-1', quantity: 2, unitPrice: '5.00' }],
  total: '10.00',
  reason: null,
  placedAt: '2024-03-01T00:00:00Z',
  updatedAt: '2024-03-02T00:00:00Z',
  version: 2,
}

test.each([1, 26, 2_147_483_647])('names order %d by a UUID and back', orderNo => {
  expect(orderIdOf(orderNo)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(orderNoOf(orderIdOf(orderNo))).toBe(orderNo)
})

test('places, shows and cancels an order as the service would show it', async () => {
  reply('PlaceOrder', 'O')
  expect(await call('POST', '/orders', placing)).toEqual({
    status: 201,
    location: `/orders/${id}`,
    body: order,
  })
  expect(sent()).toBe(
    '<PlaceOrder><custNo>42</custNo><line><sku>A-1</sku><quantity>2</quantity></line></PlaceOrder>',
  )
  reply('GetOrder', 'S')
  expect(await call('GET', `/orders/${id}`)).toMatchObject({ status: 200, body: order })
  expect(sent()).toBe('<GetOrder><orderNo>26</orderNo></GetOrder>')
  reply('CancelOrder', 'X')
  expect(await call('POST', `/orders/${id}/cancel`)).toMatchObject({
    status: 200,
    body: { ...order, status: 'CANCELED', reason: { code: 'REQUESTED' }, version: 4 },
  })
  expect(sent()).toBe('<CancelOrder><orderNo>26</orderNo></CancelOrder>')
})

const common = 'xmlns="urn:shop:2009:common"'
test.each([
  [
    'CREDIT_EXCEEDED',
    `<CreditExceeded ${common}><custNo>42</custNo><limit>5.00</limit><open>1.00</open><requested>10.00</requested></CreditExceeded>`,
    { limit: '5.00', reserved: '1.00', requested: '10.00' },
  ],
  [
    'OUT_OF_STOCK',
    `<OutOfStock ${common}><sku>A-1</sku><available>1</available><requested>2</requested></OutOfStock>`,
    { shortages: [{ sku: 'A-1', requested: 2, available: 1, reason: 'OUT_OF_STOCK' }] },
  ],
  [
    'CUSTOMER_NOT_FOUND',
    `<CustomerNotFound ${common}><custNo>42</custNo></CustomerNotFound>`,
    { customerId: 42 },
  ],
  [
    'CUSTOMER_INACTIVE',
    `<ValidationFault ${common}><violation><field>custNo</field><reason>INVALID</reason></violation></ValidationFault>`,
    {},
  ],
  [
    'NOT_FOR_SALE',
    `<ValidationFault ${common}><violation><field>line[1].sku</field><reason>INVALID</reason></violation></ValidationFault>`,
    { line: 0 },
  ],
])('refuses an order with the code %s', async (code, detail, details) => {
  fault(detail)
  expect(await call('POST', '/orders', placing)).toMatchObject({
    status: 422,
    body: { type: 'urn:problem:order-refused', reason: { code, details } },
  })
})

test('knows what cannot be canceled and what is not there', async () => {
  fault(
    `<ValidationFault ${common}><violation><field>orderNo</field><reason>INVALID</reason></violation></ValidationFault>`,
  )
  expect((await call('POST', `/orders/${id}/cancel`)).status).toBe(409)
  fault(`<OrderNotFound ${common}><orderNo>26</orderNo></OrderNotFound>`)
  expect(await call('GET', `/orders/${id}`)).toMatchObject({
    status: 404,
    body: { type: 'urn:problem:order-not-found', detail: `order ${id} not found` },
  })
})

test('finds what is wrong without asking the monolith', async () => {
  monolith.received.length = 0
  for (const path of [
    '/orders/26',
    '/orders/6f2c1f2e-3c58-4f0e-9b1f-0123456789ab',
    `/orders/${orderIdOf(2 ** 31)}`,
  ])
    expect((await call('GET', path)).status).toBe(404)
  const wrong = { lines: [{ sku: 'tea', quantity: 0 }, { quantity: 1 }, 7], color: 'red' }
  expect((await call('POST', '/orders', wrong)).body.violations).toEqual([
    { field: 'customerId', reason: 'REQUIRED' },
    { field: 'lines[0].sku', reason: 'INVALID' },
    { field: 'lines[0].quantity', reason: 'INVALID' },
    { field: 'lines[1].sku', reason: 'REQUIRED' },
    { field: 'lines[2]', reason: 'INVALID' },
    { field: 'color', reason: 'INVALID' },
  ])
  for (const [lines, reason] of [
    [[], 'REQUIRED'],
    ['x', 'INVALID'],
    [undefined, 'REQUIRED'],
  ])
    expect((await call('POST', '/orders', { customerId: 1, lines })).body.violations).toEqual([
      { field: 'lines', reason },
    ])
  const many = Array(101).fill({ sku: 'A', quantity: 1 })
  expect((await call('POST', '/orders', { customerId: 1, lines: many })).body.violations).toEqual([
    { field: 'lines', reason: 'TOO_LONG' },
  ])
  expect((await call('POST', '/orders', { ...placing, customerId: 2 ** 31 })).body.reason).toMatchObject({
    code: 'CUSTOMER_NOT_FOUND',
  })
  expect(monolith.received).toEqual([])
})
