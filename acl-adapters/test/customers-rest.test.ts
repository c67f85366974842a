import type { ServerResponse } from 'node:http'
import { expect, test } from '@jest/globals'
import { reply, replyCustomer, sendFault, useRestHarness } from './rest-harness.ts'
import {
  customerJson,
  customerNotFound,
  customerXml,
  noteJson,
  noteXml,
  type Received,
} from './shop-fixtures.ts'

const rest = useRestHarness()

test('reads a customer, keys in the order of the contract', async () => {
  const { status, text, headers } = await rest.call('GET', '/customers/42')
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8'])
  expect(text).toBe(JSON.stringify(customerJson))
  expect(rest.sent()).toEqual([
    '"urn:shop:2009#GetCustomer"',
    '<GetCustomer><custNo>42</custNo></GetCustomer>',
  ])
})

test('lists customers as an array, whether none or one is found', async () => {
  for (const items of [[], [customerJson]]) {
    rest.answer = (_, response) =>
      reply(
        response,
        'FindCustomersResponse',
        items.map(() => `<c:customer>${customerXml}</c:customer>`).join(''),
      )
    expect(
      (await rest.call('GET', '/customers?name=An%26&status=suspended&after=9999999999&limit=2')).body,
    ).toEqual({ items })
  }
  expect(rest.sent()[1]).toBe(
    '<FindCustomers><namePrefix>An&amp;</namePrefix><statusCode>S</statusCode><afterNo>2147483647</afterNo><maxRows>2</maxRows></FindCustomers>',
  )
})

const created = (_: Received, response: ServerResponse) => replyCustomer(response, 'CreateCustomerResponse')

test('opens a customer and says where it is', async () => {
  rest.answer = created
  const opening = { vip: true, creditLimit: 7.5, phone: null, email: null, name: 'Ann & Söhne' }
  const { status, headers, body } = await rest.call('POST', '/customers', opening)
  expect([status, headers.get('location'), body]).toEqual([201, '/customers/42', customerJson])
  expect(rest.sent()).toEqual([
    '"urn:shop:2009#CreateCustomer"',
    '<CreateCustomer><name>Ann &amp; Söhne</name><email xsi:nil="true"/><creditLimit>7.50</creditLimit><vip>true</vip></CreateCustomer>',
  ])
})

test.each([
  [{ email: null, phone: null }, '<email xsi:nil="true"/><phone xsi:nil="true"/>'],
  [{ name: 'B', vip: false }, '<name>B</name><vip>false</vip>'],
  [{}, ''],
])('patches %j: what is absent stays, null clears', async (body, content) => {
  rest.answer = (_, response) => replyCustomer(response, 'UpdateCustomerResponse')
  expect((await rest.call('PATCH', '/customers/42', body)).status).toBe(200)
  expect(rest.sent()).toEqual([
    '"urn:shop:2009#UpdateCustomer"',
    `<UpdateCustomer><custNo>42</custNo>${content}</UpdateCustomer>`,
  ])
})

test('sets the credit limit and the status', async () => {
  rest.answer = (_, response) => replyCustomer(response, 'ChangeCreditLimitResponse')
  expect(
    (await rest.call('PUT', '/customers/42/credit-limit', { creditLimit: '9999999999.99' })).body,
  ).toEqual(customerJson)
  expect(rest.sent()[1]).toBe(
    '<ChangeCreditLimit><custNo>42</custNo><creditLimit>9999999999.99</creditLimit></ChangeCreditLimit>',
  )
  rest.answer = (_, response) => replyCustomer(response, 'SetCustomerStatusResponse')
  expect((await rest.call('PUT', '/customers/42/status', { status: 'closed' })).body).toEqual(customerJson)
  expect(rest.sent()[1]).toBe(
    '<SetCustomerStatus><custNo>42</custNo><statusCode>C</statusCode></SetCustomerStatus>',
  )
})

test('writes and lists notes', async () => {
  rest.answer = (_, response) => reply(response, 'AddCustomerNoteResponse', `<c:note>${noteXml}</c:note>`)
  const added = await rest.call('POST', '/customers/42/notes', { text: 'called <twice>' })
  expect([added.status, added.body]).toEqual([201, noteJson])
  expect(rest.sent()[1]).toBe(
    '<AddCustomerNote><custNo>42</custNo><text>called &lt;twice&gt;</text></AddCustomerNote>',
  )
  rest.answer = (_, response) => reply(response, 'ListCustomerNotesResponse', `<c:note>${noteXml}</c:note>`)
  expect((await rest.call('GET', '/customers/42/notes')).body).toEqual({ items: [noteJson] })
})

const notFoundDetail =
  '<f:CustomerNotFound xmlns:f="urn:shop:2009:common"><f:custNo>42</f:custNo></f:CustomerNotFound>'

test.each([500, 200])('answers CustomerNotFound under HTTP %d with 404', async status => {
  rest.answer = (_, response) => sendFault(response, notFoundDetail, 'Client', status)
  const got = await rest.call('GET', '/customers/42')
  expect([got.status, got.headers.get('content-type'), got.body]).toEqual([
    404,
    'application/problem+json; charset=utf-8',
    customerNotFound,
  ])
})

test('answers ValidationFault with its violations', async () => {
  const violation = (field: string, reason: string) =>
    `<f:violation><f:field>${field}</f:field><f:reason>${reason}</f:reason></f:violation>`
  rest.answer = (_, response) =>
    sendFault(
      response,
      `<f:ValidationFault xmlns:f="urn:shop:2009:common">${violation('text', 'REQUIRED')}</f:ValidationFault>`,
    )
  expect(await rest.call('POST', '/customers/42/notes', { text: '   ' })).toMatchObject({
    status: 422,
    body: {
      type: 'urn:problem:validation',
      title: 'Validation failed',
      status: 422,
      detail: 'text REQUIRED',
      violations: [{ field: 'text', reason: 'REQUIRED' }],
    },
  })
})

test.each([
  ['POST', '/customers', {}, ['name REQUIRED', 'creditLimit REQUIRED']],
  [
    'POST',
    '/customers',
    { x: 1, vip: 'Y', creditLimit: '1.234', phone: '1'.repeat(31), email: 'a', name: 'n'.repeat(81), w: 2 },
    [
      'name TOO_LONG',
      'email INVALID',
      'phone TOO_LONG',
      'creditLimit INVALID',
      'vip INVALID',
      'x INVALID',
      'w INVALID',
    ],
  ],
  ['POST', '/customers', { name: '😀'.repeat(80), email: 'a@b', creditLimit: -1 }, ['creditLimit NEGATIVE']],
  [
    'POST',
    '/customers',
    { name: 'a\u0000', creditLimit: '10000000000' },
    ['name INVALID', 'creditLimit INVALID'],
  ],
  ['POST', '/customers', [], ['body INVALID']],
  [
    'POST',
    '/customers',
    '{"name":"A","creditLimit":"1","__proto__":{"vip":true},"constructor":1}',
    ['__proto__ INVALID', 'constructor INVALID'],
  ],
  ['PATCH', '/customers/42', { name: null }, ['name REQUIRED']],
  ['PUT', '/customers/42/credit-limit', { creditLimit: '-0.01' }, ['creditLimit NEGATIVE']],
  ['PUT', '/customers/42/status', { status: 'S' }, ['status INVALID']],
  ['POST', '/customers/42/notes', { text: '' }, ['text REQUIRED']],
  [
    'GET',
    '/customers?limit=0&after=-1&status=A&sort=x',
    undefined,
    ['status INVALID', 'after INVALID', 'limit INVALID', 'sort INVALID'],
  ],
  ['GET', '/customers?name=a&name=b', undefined, ['name INVALID']],
])('refuses %s %s %j without a call', async (method, path, body, expected) => {
  const got = await rest.call(method, path, body)
  expect([got.status, got.body.type, got.body.detail]).toEqual([
    422,
    'urn:problem:validation',
    expected.join(', '),
  ])
  expect(rest.monolith.received).toEqual([])
})

test('knows that no customer has a number beyond xs:int', async () => {
  expect((await rest.call('GET', '/customers/2147483648')).body).toMatchObject({
    status: 404,
    customerId: 2_147_483_648,
  })
  expect(rest.monolith.received).toEqual([])
})
