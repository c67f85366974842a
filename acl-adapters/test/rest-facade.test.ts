import type { ServerResponse } from 'node:http'
import { expect, test } from '@jest/globals'
import { type Answer, json, reply, replyCustomer, sendFault, useRestHarness } from './rest-harness.ts'
import {
  customerJson,
  customerXml,
  envelope,
  type Received,
  sendXml,
  startShopAdapters,
} from './shop-fixtures.ts'

const rest = useRestHarness()

const created = (_: Received, response: ServerResponse) => replyCustomer(response, 'CreateCustomerResponse')

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
  const response = await fetch(rest.adapters.restUrl + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  })
  expect([response.status, await response.json()]).toEqual([
    status,
    expect.objectContaining({ type: `urn:problem:${type}`, status }),
  ])
  expect(rest.monolith.received).toEqual([])
})

test('names the methods that an address has', async () => {
  const wrong = await fetch(`${rest.adapters.restUrl}/customers/42`, { method: 'DELETE' })
  expect(wrong.headers.get('allow')).toBe('GET, HEAD, PATCH, OPTIONS')
  const head = await fetch(`${rest.adapters.restUrl}/customers/42`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([
    200,
    String(Buffer.byteLength(JSON.stringify(customerJson))),
  ])
})

test('calls any operation of the contract under /rpc', async () => {
  rest.answer = (_, response) =>
    sendXml(
      response,
      envelope(
        '<o:PlaceOrderResponse xmlns:o="urn:shop:2009:orders"><o:order><o:orderNo>1</o:orderNo><o:custNo>42</o:custNo><o:statusCode>O</o:statusCode><o:total>10.00</o:total><o:placedAt>2024-03-01T00:00:00Z</o:placedAt><o:changedAt>2024-03-01T00:00:00Z</o:changedAt><o:line><o:lineNo>1</o:lineNo><o:sku>A-1</o:sku><o:quantity>2</o:quantity><o:unitPrice>5.00</o:unitPrice><o:lineTotal>10.00</o:lineTotal></o:line></o:order></o:PlaceOrderResponse>',
      ),
    )
  const { status, body } = await rest.call('POST', '/rpc/PlaceOrder', {
    line: [{ quantity: 2, sku: 'A-1' }],
    custNo: 42,
  })
  expect([status, body.order.total, body.order.line.length]).toEqual([200, '10.00', 1])
  expect(rest.sent()).toEqual([
    '"urn:shop:2009#PlaceOrder"',
    '<PlaceOrder><custNo>42</custNo><line><sku>A-1</sku><quantity>2</quantity></line></PlaceOrder>',
  ])
})

test('refuses an input that is not of the schema, every problem by its pointer', async () => {
  const got = await rest.call('POST', '/rpc/PlaceOrder', {
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
  expect(rest.monolith.received).toEqual([])
})

test('answers a declared fault of any operation with its typed detail', async () => {
  rest.answer = (_, response) =>
    sendFault(
      response,
      '<f:OutOfStock xmlns:f="urn:shop:2009:common"><f:sku>A</f:sku><f:available>1</f:available><f:requested>2</f:requested></f:OutOfStock>',
    )
  expect(
    (await rest.call('POST', '/rpc/PlaceOrder', { custNo: 1, line: [{ sku: 'A', quantity: 2 }] })).body,
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
  rest.answer = (_, response) => sendFault(response, '', code)
  const got = await rest.call('GET', '/customers/42')
  expect([got.status, got.body.type]).toEqual([status, 'about:blank'])
  if (status >= 500) expect(got.text).not.toContain('secret')
})

const raw =
  (status: number, type: string, body: string | Buffer) => (_: Received, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  }

test.each<[string, Answer]>([
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
  const good = rest.answer
  rest.answer = bad
  const got = await rest.call('GET', '/customers/42')
  expect([got.status, got.body.type]).toEqual([502, expect.stringMatching(/^urn:problem:upstream-/)])
  expect(got.text).not.toMatch(/secret|passwd|127\.0\.0\.1/)
  expect(rest.adapters.lines.at(-1)).toMatchObject({
    status: 502,
    error: { code: expect.stringMatching(/^UPSTREAM_/) },
  })
  rest.answer = good
  expect((await rest.call('GET', '/customers/42')).status).toBe(200)
})

test('decodes ISO-8859-1 replies without harm to their letters', async () => {
  const xml = envelope(
    `<c:GetCustomerResponse xmlns:c="urn:shop:2009:customers"><c:customer>${customerXml}</c:customer></c:GetCustomerResponse>`,
  )
  rest.answer = raw(200, 'text/xml; charset=ISO-8859-1', Buffer.from(xml, 'latin1'))
  expect((await rest.call('GET', '/customers/42')).body.name).toBe('Ann & Söhne')
})

test('passes the trace, cookies and the headers that belong to the move', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  rest.answer = (received, response) => {
    response.setHeader('retry-after', '3')
    response.setHeader('x-powered-by', 'secret')
    created(received, response)
  }
  const { headers } = await rest.call(
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
  const upstream = rest.monolith.last().headers
  expect(upstream).toMatchObject({ cookie: 'sid=1', 'idempotency-key': 'k1', 'strangler-mirror': '1' })
  expect(upstream.traceparent).toMatch(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`))
  expect(upstream['x-forwarded-for']).toBeUndefined()
  expect([headers.get('retry-after'), headers.get('x-powered-by')]).toEqual(['3', null])
  expect(rest.adapters.lines).toEqual([
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
  await rest.call('GET', '/customers/42')
  for (const path of ['/health/live', '/health/ready'])
    expect((await fetch(rest.adapters.restUrl + path)).status).toBe(200)
  const metrics = await (await fetch(`${rest.adapters.restUrl}/metrics`)).text()
  expect(metrics).toContain(
    'strangler_http_request_duration_seconds_count{method="GET",route="/customers/{id}",status="200"}',
  )
  const { body } = await rest.call('GET', '/openapi.json')
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

test('leaves out what the WSDL does not have where that is asked for, and says so in the log', async () => {
  const lenient = await startShopAdapters({ monolith: rest.monolith.url, dropUnknown: true })
  rest.answer = (_, response) =>
    reply(response, 'GetCustomerResponse', `<c:customer>${customerXml}<c:more>1</c:more></c:customer>`)
  try {
    expect(await (await fetch(`${lenient.restUrl}/customers/42`)).json()).toEqual(customerJson)
    expect(lenient.lines).toContainEqual(
      expect.objectContaining({ operation: 'GetCustomer', count: 1, path: '/customer' }),
    )
  } finally {
    await lenient.close()
  }
})
