import { expect, test } from '@jest/globals'
import { negotiate } from '../src/rest-facade/negotiate.ts'
import { json, replyCustomer, sendFault, useRestHarness } from './rest-harness.ts'
import { customerXml } from './shop-fixtures.ts'

const rest = useRestHarness()
const offered = ['application/json', 'application/xml']

test.each([
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['application/*', 'application/json'],
  ['application/xml', 'application/xml'],
  ['APPLICATION/XML;Q=0.5, text/html', 'application/xml'],
  ['application/json;q=0.1, application/xml;q=0.2', 'application/xml'],
  ['application/json;q=0, */*;q=0.1', 'application/xml'],
  ['text/html', undefined],
  ['application/json;q=0', undefined],
  ['application/json;q=x', undefined],
])('answers Accept %j with %s', (accept, type) => {
  expect(negotiate(accept, offered)).toBe(type)
})

const asXml = { 'content-type': 'application/xml', accept: 'application/xml' }
const get42 = '<GetCustomer xmlns="urn:shop:2009:customers"><custNo>42</custNo></GetCustomer>'

async function post(path: string, body: string, headers: Record<string, string>) {
  const response = await fetch(rest.adapters.restUrl + path, { method: 'POST', body, headers })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

test('takes and gives the message of an operation as an XML document', async () => {
  const { status, type, text } = await post('/rpc/GetCustomer', get42, asXml)
  expect([status, type]).toEqual([200, 'application/xml; charset=utf-8'])
  const plain = (xml: string) => xml.replace(/ xmlns:\w+="[^"]*"/g, '').replace(/(<\/?|\s)\w+:/g, '$1')
  expect(plain(text)).toBe(
    `<?xml version="1.0" encoding="UTF-8"?>\n<GetCustomerResponse><customer>${plain(customerXml)}</customer></GetCustomerResponse>`,
  )
  expect(rest.sent()).toEqual([
    '"urn:shop:2009#GetCustomer"',
    '<GetCustomer><custNo>42</custNo></GetCustomer>',
  ])
})

test('mixes the two: XML in and JSON out', async () => {
  const { status, text } = await post('/rpc/GetCustomer', get42, { 'content-type': 'text/xml' })
  expect([status, JSON.parse(text).customer.custNo]).toEqual([200, 42])
})

test.each([
  ['what is not of the schema', get42.replace('42', 'x'), 422],
  ['another element', '<Other/>', 422],
  ['an envelope', '<Envelope/>', 422],
  ['no XML', 'x', 400],
  ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 400],
])('refuses %s, in XML, and calls nobody', async (_what, body, status) => {
  const got = await post('/rpc/GetCustomer', body, asXml)
  expect([got.status, got.type]).toEqual([status, 'application/problem+xml; charset=utf-8'])
  expect(got.text).toContain(`<status>${status}</status>`)
  expect(rest.monolith.received).toEqual([])
})

test('answers a fault as a problem in XML', async () => {
  rest.answer = (_, response) =>
    sendFault(
      response,
      '<f:CustomerNotFound xmlns:f="urn:shop:2009:common"><f:custNo>42</f:custNo></f:CustomerNotFound>',
    )
  const got = await post('/rpc/GetCustomer', get42, asXml)
  expect([got.status, got.text]).toEqual([404, expect.stringContaining('<title>CustomerNotFound</title>')])
})

test('answers 406 without a call where it has nothing the client takes', async () => {
  const got = await post('/rpc/GetCustomer', '{"custNo":42}', { ...json, accept: 'text/csv' })
  expect([got.status, JSON.parse(got.text).type]).toEqual([406, 'urn:problem:not-acceptable'])
  const resource = await fetch(`${rest.adapters.restUrl}/customers/42`, {
    headers: { accept: 'application/xml' },
  })
  expect(resource.status).toBe(406)
  expect(rest.monolith.received).toEqual([])
  rest.answer = (_, response) => replyCustomer(response, 'GetCustomerResponse')
  const any = await fetch(`${rest.adapters.restUrl}/customers/42`, {
    headers: { accept: 'text/html, */*;q=0.1' },
  })
  expect(any.status).toBe(200)
})
