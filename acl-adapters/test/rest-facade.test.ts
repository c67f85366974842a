import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import {
  customerJson,
  customerNotFound,
  customerXml,
  envelope,
  noteJson,
  noteXml,
  type Received,
  sendXml,
  startShopAdapters,
  startUpstream,
  type Upstream,
} from './shop-fixtures.ts'

let monolith: Upstream
let adapters: Awaited<ReturnType<typeof startShopAdapters>>
let answer: (received: Received, response: ServerResponse) => void

beforeAll(async () => {
  monolith = await startUpstream((received, response) => answer(received, response))
  adapters = await startShopAdapters({ monolith: monolith.url })
})
beforeEach(() => {
  monolith.received.length = 0
  adapters.lines.length = 0
  answer = (_, response) => reply(response, 'GetCustomerResponse', `<c:customer>${customerXml}</c:customer>`)
})
afterAll(async () => {
  await adapters.close()
  await monolith.close()
})

const reply = (response: ServerResponse, element: string, content: string) =>
  sendXml(response, envelope(`<c:${element} xmlns:c="urn:shop:2009:customers">${content}</c:${element}>`))
const fault = (response: ServerResponse, detail: string, code = 'Client', status = 500) =>
  sendXml(
    response,
    envelope(
      `<s:Fault><faultcode>s:${code}</faultcode><faultstring>secret stack at db.ts</faultstring><detail>${detail}</detail></s:Fault>`,
    ),
    status,
  )
const json = { 'content-type': 'application/json' }

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(adapters.restUrl + path, {
    method,
    headers: { ...(body === undefined ? {} : json), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
    text,
  }
}

/** What went to the monolith: SOAPAction and the Body's content without namespaces. */
function sent(): [string, string] {
  const { headers, body } = monolith.last()
  const content = /<soap:Body>(.*)<\/soap:Body>/s.exec(body)![1]!
  return [String(headers.soapaction), content.replace(/ xmlns:\w+="[^"]*"/g, '').replace(/(<\/?)\w+:/g, '$1')]
}

test('reads a customer, keys in the order of the contract', async () => {
  const { status, text, headers } = await call('GET', '/customers/42')
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8'])
  expect(text).toBe(JSON.stringify(customerJson))
  expect(sent()).toEqual(['"urn:shop:2009#GetCustomer"', '<GetCustomer><custNo>42</custNo></GetCustomer>'])
})

test('lists customers as an array, whether none or one is found', async () => {
  for (const items of [[], [customerJson]]) {
    answer = (_, response) =>
      reply(
        response,
        'FindCustomersResponse',
        items.map(() => `<c:customer>${customerXml}</c:customer>`).join(''),
      )
    expect(
      (await call('GET', '/customers?name=An%26&status=suspended&after=9999999999&limit=2')).body,
    ).toEqual({ items })
  }
  expect(sent()[1]).toBe(
    '<FindCustomers><namePrefix>An&amp;</namePrefix><statusCode>S</statusCode><afterNo>2147483647</afterNo><maxRows>2</maxRows></FindCustomers>',
  )
})

const created = (_: Received, response: ServerResponse) =>
  reply(response, 'CreateCustomerResponse', `<c:customer>${customerXml}</c:customer>`)

test('opens a customer and says where it is', async () => {
  answer = created
  const opening = { vip: true, creditLimit: 7.5, phone: null, email: null, name: 'Ann & Söhne' }
  const { status, headers, body } = await call('POST', '/customers', opening)
  expect([status, headers.get('location'), body]).toEqual([201, '/customers/42', customerJson])
  expect(sent()).toEqual([
    '"urn:shop:2009#CreateCustomer"',
    '<CreateCustomer><name>Ann &amp; Söhne</name><email xsi:nil="true"/><creditLimit>7.50</creditLimit><vip>true</vip></CreateCustomer>',
  ])
})

test.each([
  [{ email: null, phone: null }, '<email xsi:nil="true"/><phone xsi:nil="true"/>'],
  [{ name: 'B', vip: false }, '<name>B</name><vip>false</vip>'],
  [{}, ''],
])('patches %j: what is absent stays, null clears', async (body, content) => {
  answer = (_, response) =>
    reply(response, 'UpdateCustomerResponse', `<c:customer>${customerXml}</c:customer>`)
  expect((await call('PATCH', '/customers/42', body)).status).toBe(200)
  expect(sent()).toEqual([
    '"urn:shop:2009#UpdateCustomer"',
    `<UpdateCustomer><custNo>42</custNo>${content}</UpdateCustomer>`,
  ])
})

test('sets the credit limit and the status', async () => {
  answer = (_, response) =>
    reply(response, 'ChangeCreditLimitResponse', `<c:customer>${customerXml}</c:customer>`)
  expect((await call('PUT', '/customers/42/credit-limit', { creditLimit: '9999999999.99' })).body).toEqual(
    customerJson,
  )
  expect(sent()[1]).toBe(
    '<ChangeCreditLimit><custNo>42</custNo><creditLimit>9999999999.99</creditLimit></ChangeCreditLimit>',
  )
  answer = (_, response) =>
    reply(response, 'SetCustomerStatusResponse', `<c:customer>${customerXml}</c:customer>`)
  expect((await call('PUT', '/customers/42/status', { status: 'closed' })).body).toEqual(customerJson)
  expect(sent()[1]).toBe(
    '<SetCustomerStatus><custNo>42</custNo><statusCode>C</statusCode></SetCustomerStatus>',
  )
})

test('writes and lists notes', async () => {
  answer = (_, response) => reply(response, 'AddCustomerNoteResponse', `<c:note>${noteXml}</c:note>`)
  const added = await call('POST', '/customers/42/notes', { text: 'called <twice>' })
  expect([added.status, added.body]).toEqual([201, noteJson])
  expect(sent()[1]).toBe(
    '<AddCustomerNote><custNo>42</custNo><text>called &lt;twice&gt;</text></AddCustomerNote>',
  )
  answer = (_, response) => reply(response, 'ListCustomerNotesResponse', `<c:note>${noteXml}</c:note>`)
  expect((await call('GET', '/customers/42/notes')).body).toEqual({ items: [noteJson] })
})

const notFoundDetail =
  '<f:CustomerNotFound xmlns:f="urn:shop:2009:common"><f:custNo>42</f:custNo></f:CustomerNotFound>'

test.each([500, 200])('answers CustomerNotFound under HTTP %d with 404', async status => {
  answer = (_, response) => fault(response, notFoundDetail, 'Client', status)
  const got = await call('GET', '/customers/42')
  expect([got.status, got.headers.get('content-type'), got.body]).toEqual([
    404,
    'application/problem+json; charset=utf-8',
    customerNotFound,
  ])
})

test('answers ValidationFault with its violations', async () => {
  const violation = (field: string, reason: string) =>
    `<f:violation><f:field>${field}</f:field><f:reason>${reason}</f:reason></f:violation>`
  answer = (_, response) =>
    fault(
      response,
      `<f:ValidationFault xmlns:f="urn:shop:2009:common">${violation('text', 'REQUIRED')}</f:ValidationFault>`,
    )
  expect(await call('POST', '/customers/42/notes', { text: '   ' })).toMatchObject({
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
  const got = await call(method, path, body)
  expect([got.status, got.body.type, got.body.detail]).toEqual([
    422,
    'urn:problem:validation',
    expected.join(', '),
  ])
  expect(monolith.received).toEqual([])
})

test('knows that no customer has a number beyond xs:int', async () => {
  expect((await call('GET', '/customers/2147483648')).body).toMatchObject({
    status: 404,
    customerId: 2_147_483_648,
  })
  expect(monolith.received).toEqual([])
})

test.each([
  ['broken JSON', 'POST', '/customers', '{"name":', json, 400, 'malformed-json'],
  [
    'a key twice',
    'POST',
    '/customers',
    '{"name":"a","name":"b","creditLimit":1}',
    json,
    400,
    'malformed-json',
  ],
  ['a text for a document', 'POST', '/customers', '"x"', json, 400, 'malformed-json'],
  ['no body', 'POST', '/customers', '', json, 400, 'malformed-json'],
  [
    'bytes that are not UTF-8',
    'POST',
    '/customers',
    Buffer.from([0x22, 0xff, 0x22]),
    json,
    400,
    'malformed-json',
  ],
  ['XML', 'POST', '/customers', '<a/>', { 'content-type': 'text/xml' }, 415, 'unsupported-media-type'],
  ['gzip', 'POST', '/customers', 'x', { ...json, 'content-encoding': 'gzip' }, 415, 'unsupported-media-type'],
  ['a large body', 'POST', '/customers', `{"name":"${'x'.repeat(70_000)}"}`, json, 413, 'body-too-large'],
  ['an unknown address', 'GET', '/orders', undefined, {}, 404, 'not-found'],
  ['a trailing slash', 'GET', '/customers/42/', undefined, {}, 404, 'not-found'],
  ['an id that is no number', 'GET', '/customers/1e3', undefined, {}, 404, 'not-found'],
  ['an address that is not UTF-8', 'GET', '/customers/%ff', undefined, {}, 400, 'bad-request'],
  ['another method', 'DELETE', '/customers/42', undefined, {}, 405, 'method-not-allowed'],
  ['an unknown operation', 'POST', '/rpc/constructor', '{}', json, 404, 'not-found'],
  [
    'a rehearsal',
    'POST',
    '/customers',
    '{"name":"a","creditLimit":1}',
    { ...json, 'strangler-rehearsal': '1' },
    501,
    'rehearsal-unsupported',
  ],
  [
    'a rehearsal of an operation',
    'POST',
    '/rpc/GetCustomer',
    '{"custNo":1}',
    { ...json, 'strangler-rehearsal': '1' },
    501,
    'rehearsal-unsupported',
  ],
])('answers %s without a call', async (_what, method, path, body, headers, status, type) => {
  const response = await fetch(adapters.restUrl + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  })
  expect([response.status, await response.json()]).toEqual([
    status,
    expect.objectContaining({ type: `urn:problem:${type}`, status }),
  ])
  expect(monolith.received).toEqual([])
})

test('names the methods that an address has', async () => {
  const wrong = await fetch(`${adapters.restUrl}/customers/42`, { method: 'DELETE' })
  expect(wrong.headers.get('allow')).toBe('GET, HEAD, PATCH, OPTIONS')
  const head = await fetch(`${adapters.restUrl}/customers/42`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([
    200,
    String(Buffer.byteLength(JSON.stringify(customerJson))),
  ])
})

test('calls any operation of the contract under /rpc', async () => {
  answer = (_, response) =>
    sendXml(
      response,
      envelope(
        '<o:PlaceOrderResponse xmlns:o="urn:shop:2009:orders"><o:order><o:orderNo>1</o:orderNo><o:custNo>42</o:custNo><o:statusCode>O</o:statusCode><o:total>10.00</o:total><o:placedAt>2024-03-01T00:00:00Z</o:placedAt><o:changedAt>2024-03-01T00:00:00Z</o:changedAt><o:line><o:lineNo>1</o:lineNo><o:sku>A-1</o:sku><o:quantity>2</o:quantity><o:unitPrice>5.00</o:unitPrice><o:lineTotal>10.00</o:lineTotal></o:line></o:order></o:PlaceOrderResponse>',
      ),
    )
  const { status, body } = await call('POST', '/rpc/PlaceOrder', {
    line: [{ quantity: 2, sku: 'A-1' }],
    custNo: 42,
  })
  expect([status, body.order.total, body.order.line.length]).toEqual([200, '10.00', 1])
  expect(sent()).toEqual([
    '"urn:shop:2009#PlaceOrder"',
    '<PlaceOrder><custNo>42</custNo><line><sku>A-1</sku><quantity>2</quantity></line></PlaceOrder>',
  ])
})

test('refuses an input that is not of the schema, every problem by its pointer', async () => {
  const got = await call('POST', '/rpc/PlaceOrder', {
    custNo: '42',
    line: [{ sku: 'a', quantity: 1.5 }],
    $xml: '<x/>',
  })
  expect([got.status, got.body.errors]).toEqual([
    422,
    [
      { pointer: '/$xml', detail: 'is not a key of this object' },
      { pointer: '/custNo', detail: 'must be an integer number' },
      { pointer: '/line/0/quantity', detail: 'must be a whole number, or text beyond 2^53' },
    ],
  ])
  expect(monolith.received).toEqual([])
})

test('answers a declared fault of any operation with its typed detail', async () => {
  answer = (_, response) =>
    fault(
      response,
      '<f:OutOfStock xmlns:f="urn:shop:2009:common"><f:sku>A</f:sku><f:available>1</f:available><f:requested>2</f:requested></f:OutOfStock>',
    )
  expect(
    (await call('POST', '/rpc/PlaceOrder', { custNo: 1, line: [{ sku: 'A', quantity: 2 }] })).body,
  ).toMatchObject({
    type: 'urn:shop:2009:common:OutOfStock',
    title: 'OutOfStock',
    status: 422,
    fault: { code: 'Client', detail: { OutOfStock: { sku: 'A', available: 1, requested: 2 } } },
  })
})

test.each([
  ['Client', 400],
  ['Server', 502],
  ['MustUnderstand', 502],
  ['VersionMismatch', 502],
])('answers an undeclared fault %s with %d', async (code, status) => {
  answer = (_, response) => fault(response, '', code)
  const got = await call('GET', '/customers/42')
  expect([got.status, got.body.type]).toEqual([status, 'about:blank'])
  if (status >= 500) expect(got.text).not.toContain('secret')
})

const raw =
  (status: number, type: string, body: string | Buffer) => (_: Received, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  }

test.each<[string, (received: Received, response: ServerResponse) => void]>([
  ['an HTML error page', raw(503, 'text/html', '<html><body>Tomcat secret</body></html>')],
  ['HTML under text/xml', raw(500, 'text/xml', '<html><body>secret<br></body></html>')],
  ['an empty body', raw(200, 'text/xml', '')],
  ['an empty 202', raw(202, 'text/xml', '')],
  ['an MTOM reply', raw(200, 'multipart/related; type="application/xop+xml"', '--x')],
  ['a DOCTYPE', raw(200, 'text/xml', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')],
  ['another reply', (_, response) => reply(response, 'ListCustomerNotesResponse', '')],
  ['two Bodies', raw(200, 'text/xml', envelope('').replace('<s:Body></s:Body>', '<s:Body/><s:Body/>'))],
  [
    'a reply of a wrong namespace',
    raw(200, 'text/xml', envelope('<GetCustomerResponse xmlns="urn:other"/>')),
  ],
  [
    'an unknown element',
    (_, response) =>
      reply(response, 'GetCustomerResponse', `<c:customer>${customerXml}<c:more>1</c:more></c:customer>`),
  ],
  [
    'a missing element',
    (_, response) =>
      reply(response, 'GetCustomerResponse', '<c:customer><c:custNo>1</c:custNo></c:customer>'),
  ],
  [
    'a reply under HTTP 500',
    (_, response) =>
      sendXml(
        response,
        envelope(
          `<c:GetCustomerResponse xmlns:c="urn:shop:2009:customers"><c:customer>${customerXml}</c:customer></c:GetCustomerResponse>`,
        ),
        500,
      ),
  ],
  [
    'a compressed reply',
    (_, response) =>
      void response.writeHead(200, { 'content-type': 'text/xml', 'content-encoding': 'gzip' }).end('x'),
  ],
  [
    'a reply that is cut off',
    (_, response) => {
      response.writeHead(200, { 'content-length': 1_000 })
      response.write('<')
      response.destroy()
    },
  ],
  ['a connection that is closed', (_, response) => void response.destroy()],
  ['bytes that are not UTF-8', raw(200, 'text/xml', Buffer.from('<a>é</a>', 'latin1'))],
])('answers %s with a typed 502 that quotes nothing, and lives', async (_what, bad) => {
  const good = answer
  answer = bad
  const got = await call('GET', '/customers/42')
  expect([got.status, got.body.type]).toEqual([502, expect.stringMatching(/^urn:problem:upstream-/)])
  expect(got.text).not.toMatch(/secret|passwd|127\.0\.0\.1/)
  expect(adapters.lines.at(-1)).toMatchObject({
    status: 502,
    error: { code: expect.stringMatching(/^UPSTREAM_/) },
  })
  answer = good
  expect((await call('GET', '/customers/42')).status).toBe(200)
})

test('decodes ISO-8859-1 replies without harm to their letters', async () => {
  const xml = envelope(
    `<c:GetCustomerResponse xmlns:c="urn:shop:2009:customers"><c:customer>${customerXml}</c:customer></c:GetCustomerResponse>`,
  )
  answer = raw(200, 'text/xml; charset=ISO-8859-1', Buffer.from(xml, 'latin1'))
  expect((await call('GET', '/customers/42')).body.name).toBe('Ann & Söhne')
})

test('passes the trace, cookies and the headers that belong to the move', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  answer = (received, response) => {
    response.setHeader('retry-after', '3')
    response.setHeader('x-powered-by', 'secret')
    created(received, response)
  }
  const { headers } = await call(
    'POST',
    '/customers',
    { name: 'a', creditLimit: 1 },
    {
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      cookie: 'sid=1',
      'idempotency-key': 'k1',
      'strangler-mirror': '1',
      'x-forwarded-for': '10.0.0.1',
    },
  )
  const upstream = monolith.last().headers
  expect(upstream).toMatchObject({ cookie: 'sid=1', 'idempotency-key': 'k1', 'strangler-mirror': '1' })
  expect(upstream.traceparent).toMatch(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`))
  expect(upstream['x-forwarded-for']).toBeUndefined()
  expect([headers.get('retry-after'), headers.get('x-powered-by')]).toEqual(['3', null])
  expect(adapters.lines).toEqual([
    expect.objectContaining({
      trace_id: traceId,
      method: 'POST',
      route: '/customers',
      status: 201,
      mirror: true,
    }),
  ])
})

test('serves health, metrics and its OpenAPI document', async () => {
  await call('GET', '/customers/42')
  for (const path of ['/health/live', '/health/ready'])
    expect((await fetch(adapters.restUrl + path)).status).toBe(200)
  const metrics = await (await fetch(`${adapters.restUrl}/metrics`)).text()
  expect(metrics).toContain(
    'strangler_http_request_duration_seconds_count{method="GET",route="/customers/{id}",status="200"}',
  )
  const { body } = await call('GET', '/openapi.json')
  expect(body.openapi).toBe('3.1.1')
  expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(['/customers/{id}', '/rpc/PlaceOrder']))
})

test('answers 503 and when to come again while the monolith is away', async () => {
  const alone = await startShopAdapters({})
  try {
    const response = await fetch(`${alone.restUrl}/customers/42`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.json()).toMatchObject({ type: 'urn:problem:unavailable' })
  } finally {
    await alone.close()
  }
})
