import { expect, test } from '@jest/globals'
import { customerJson, customerNotFound, envelope, noteJson, sendJson } from './shop-fixtures.ts'
import { customer, read, request, useSoapHarness } from './soap-harness.ts'

const soap = useSoapHarness()

const operations: [string, string, string, string, object | undefined, object, object][] = [
  ['GetCustomer', '<custNo>42</custNo>', 'GET', '/customers/42', undefined, customerJson, { customer }],
  ['FindCustomers', '', 'GET', '/customers', undefined, { items: [] }, { customer: [] }],
  [
    'FindCustomers',
    '<namePrefix>A&amp;b c</namePrefix><statusCode>S</statusCode><afterNo>7</afterNo><maxRows>500</maxRows>',
    'GET',
    '/customers?name=A%26b+c&status=suspended&after=7&limit=500',
    undefined,
    { items: [{ ...customerJson, phone: '1', reviewedOn: '2024-01-31', email: 'a@b' }] },
    { customer: [{ ...customer, phone: '1', reviewedOn: '2024-01-31', email: 'a@b' }] },
  ],
  [
    'FindCustomers',
    '<afterNo>-5</afterNo>',
    'GET',
    '/customers',
    undefined,
    { items: [customerJson] },
    { customer: [customer] },
  ],
  [
    'CreateCustomer',
    '<name>A</name><email i:nil="true"/><phone>1</phone><creditLimit>+10</creditLimit><vip>1</vip>',
    'POST',
    '/customers',
    { name: 'A', email: null, phone: '1', creditLimit: '10', vip: true },
    customerJson,
    { customer },
  ],
  ['UpdateCustomer', '<custNo>42</custNo>', 'PATCH', '/customers/42', {}, customerJson, { customer }],
  [
    'UpdateCustomer',
    '<custNo>42</custNo><name>B</name><email i:nil="true"/><phone i:nil="1"/><vip>false</vip>',
    'PATCH',
    '/customers/42',
    { name: 'B', email: null, phone: null, vip: false },
    customerJson,
    { customer },
  ],
  [
    'ChangeCreditLimit',
    '<custNo>42</custNo><creditLimit>9999999999.99</creditLimit>',
    'PUT',
    '/customers/42/credit-limit',
    { creditLimit: '9999999999.99' },
    customerJson,
    { customer },
  ],
  [
    'SetCustomerStatus',
    '<custNo>42</custNo><statusCode>C</statusCode>',
    'PUT',
    '/customers/42/status',
    { status: 'closed' },
    customerJson,
    { customer },
  ],
  [
    'AddCustomerNote',
    '<custNo>42</custNo><text> a&lt;b </text>',
    'POST',
    '/customers/42/notes',
    { text: ' a<b ' },
    noteJson,
    { note: { noteNo: 7, custNo: 42, text: 'called <twice>', writtenAt: '2024-03-01T00:00:00Z' } },
  ],
  [
    'ListCustomerNotes',
    '<custNo>42</custNo>',
    'GET',
    '/customers/42/notes',
    undefined,
    { items: [noteJson] },
    { note: [{ noteNo: 7, custNo: 42, text: 'called <twice>', writtenAt: '2024-03-01T00:00:00Z' }] },
  ],
]

test.each(operations)('%s %s is %s %s', async (operation, content, method, path, body, reply, expected) => {
  soap.answer = (_, response) => sendJson(response, reply)
  const xml = envelope(
    request(operation, content).replace('>', ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'),
  )
  const { status, text } = await soap.post(xml, { soapaction: `"urn:shop:2009#${operation}"` })
  expect([status, await read(text)]).toEqual([200, { version: '1.1', json: expected }])
  const sent = soap.service.last()
  expect([sent.method, sent.path, sent.body === '' ? undefined : JSON.parse(sent.body)]).toEqual([
    method,
    path,
    body,
  ])
})

const problem = (status: number, type: string, more: object = {}) => ({
  type: `urn:problem:${type}`,
  title: 'A title',
  status,
  detail: 'secret detail',
  ...more,
})

test.each<[string, number, object, object]>([
  [
    'a customer that is not there',
    404,
    customerNotFound,
    { code: 'Client', reason: 'customer 42 not found', detail: { CustomerNotFound: { custNo: 42 } } },
  ],
  [
    'an address at which nothing is',
    404,
    problem(404, 'not-found'),
    { code: 'Client', reason: 'customer 42 not found', detail: { CustomerNotFound: { custNo: 42 } } },
  ],
  [
    'violations',
    422,
    problem(422, 'validation', {
      violations: [
        { field: 'name', reason: 'TOO_LONG' },
        { field: 'email', reason: 'INVALID' },
      ],
    }),
    {
      code: 'Client',
      reason: 'validation failed: name TOO_LONG, email INVALID',
      detail: {
        ValidationFault: {
          violation: [
            { field: 'name', reason: 'TOO_LONG' },
            { field: 'email', reason: 'INVALID' },
          ],
        },
      },
    },
  ],
  [
    'the fence',
    503,
    problem(503, 'write-fenced'),
    { code: 'Server', reason: 'the service is not available now, try again', detail: {} },
  ],
  [
    'a key that was used before',
    422,
    problem(422, 'idempotency-key-reuse'),
    { code: 'Client', reason: 'A title', detail: {} },
  ],
  ['a failure', 500, problem(500, 'internal'), { code: 'Server', reason: 'internal error', detail: {} }],
  [
    'a typed fault that travelled as a problem',
    409,
    {
      ...problem(409, 'x'),
      detail: 'gone',
      fault: { detail: { ValidationFault: { violation: [{ field: 'f', reason: 'INVALID' }] } } },
    },
    {
      code: 'Client',
      reason: 'gone',
      detail: { ValidationFault: { violation: [{ field: 'f', reason: 'INVALID' }] } },
    },
  ],
])('answers %s with the fault the monolith would give', async (_what, status, body, fault) => {
  soap.answer = (_, response) =>
    sendJson(response, body, status, status === 503 ? { 'retry-after': '1' } : {})
  const { text, headers, ...got } = await soap.post(
    envelope(request('UpdateCustomer', '<custNo>42</custNo><name>x</name>')),
  )
  expect([got.status, await read(text)]).toMatchObject([500, { version: '1.1', fault }])
  expect(text).not.toContain('secret')
  if (status === 503) expect(headers.get('retry-after')).toBe('1')
})

test.each<[string, string, ...object[]]>([
  ['CreateCustomer', '', { field: 'name', reason: 'REQUIRED' }, { field: 'creditLimit', reason: 'REQUIRED' }],
  ['CreateCustomer', '<name>A</name><creditLimit/>', { field: 'creditLimit', reason: 'REQUIRED' }],
  ['CreateCustomer', '<creditLimit>1</creditLimit>', { field: 'name', reason: 'REQUIRED' }],
  ['CreateCustomer', '<name>A</name>', { field: 'creditLimit', reason: 'REQUIRED' }],
  [
    'CreateCustomer',
    '<name>A</name><creditLimit>much</creditLimit>',
    { field: 'creditLimit', reason: 'INVALID' },
  ],
  ['ChangeCreditLimit', '<custNo>1</custNo>', { field: 'creditLimit', reason: 'REQUIRED' }],
  ['AddCustomerNote', '<custNo>1</custNo>', { field: 'text', reason: 'REQUIRED' }],
])('answers %s %s with ValidationFault, as the monolith does', async (operation, content, ...violation) => {
  const { status, text } = await soap.post(envelope(request(operation, content)))
  expect([status, await read(text)]).toMatchObject([
    500,
    { fault: { code: 'Client', detail: { ValidationFault: { violation } } } },
  ])
  expect(soap.service.received).toEqual([])
})

test('takes the children of a request in any order, as the monolith does', async () => {
  const swapped = request('CreateCustomer', '<vip>true</vip><creditLimit>1</creditLimit><name>A</name>')
  expect((await soap.post(envelope(swapped))).status).toBe(200)
  expect(JSON.parse(soap.service.last().body)).toEqual({ name: 'A', creditLimit: '1', vip: true })
})
