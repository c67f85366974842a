import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type Client, createClientAsync } from 'soap'
import { strictRules } from '../src/codec/decode-element.ts'
import { loadContract } from '../src/contract/load-contract.ts'
import { readEnvelope } from '../src/soap/read-envelope.ts'
import { plain } from './compile-schema.ts'
import {
  customerJson,
  customerNotFound,
  envelope,
  noteJson,
  type Received,
  sendJson,
  shopWsdl,
  startShopAdapters,
  startUpstream,
  type Upstream,
} from './shop-fixtures.ts'

const soap12 = 'http://www.w3.org/2003/05/soap-envelope'
const { contract } = loadContract(shopWsdl)
let service: Upstream
let adapters: Awaited<ReturnType<typeof startShopAdapters>>
let client: Client
let answer: (received: Received, response: ServerResponse) => void

beforeAll(async () => {
  service = await startUpstream((received, response) => answer(received, response))
  adapters = await startShopAdapters({ service: service.url })
  client = await createClientAsync(`${adapters.facadeUrl}/soap?wsdl`)
})
beforeEach(() => {
  service.received.length = 0
  adapters.lines.length = 0
  answer = (_, response) => sendJson(response, customerJson)
})
afterAll(async () => {
  await adapters.close()
  await service.close()
})

const request = (operation: string, content: string) =>
  `<${operation} xmlns="urn:shop:2009:customers">${content}</${operation}>`
const get42 = request('GetCustomer', '<custNo>42</custNo>')

async function post(body: string | Buffer, headers: Record<string, string> = {}) {
  const response = await fetch(`${adapters.facadeUrl}/soap`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml; charset=utf-8', ...headers },
    body,
  })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    headers: response.headers,
    text: await response.text(),
  }
}

/** What an answer says, read by the contract. */
async function read(text: string) {
  const content = await readEnvelope(text, {
    contract,
    rules: () => strictRules,
    elementFor: name => (name === undefined ? undefined : contract.elements.get(name)),
  })
  return content.kind === 'message'
    ? { version: content.version, json: plain(content.json) }
    : { version: content.version, fault: { ...content.fault, detail: plain(content.fault.detail) } }
}

const customer = {
  custNo: 42,
  name: 'Ann & Söhne',
  email: null,
  creditLimit: '1234.50',
  statusCode: 'S',
  vip: true,
  openedAt: '2024-02-29T12:34:56Z',
  changedAt: '2024-03-01T00:00:00Z',
}

test('answers the calls of a client generated from its WSDL', async () => {
  const [found] = await client.GetCustomerAsync({ custNo: 42 })
  expect(found.customer).toMatchObject({ custNo: 42, name: 'Ann & Söhne', statusCode: 'S', vip: true })
  answer = (_, response) => sendJson(response, customerJson, 201, { location: '/customers/42' })
  const [created] = await client.CreateCustomerAsync({ name: 'Ann', creditLimit: '7.50', vip: true })
  expect(created.customer.custNo).toBe(42)
  expect(service.last()).toMatchObject({
    method: 'POST',
    path: '/customers',
    body: '{"name":"Ann","creditLimit":"7.50","vip":true}',
  })
  answer = (_, response) => sendJson(response, { items: [noteJson, noteJson] })
  const [notes] = await client.ListCustomerNotesAsync({ custNo: 42 })
  expect(notes.note.map(({ text }: { text: string }) => text)).toEqual(['called <twice>', 'called <twice>'])
})

test('gives such a client its typed faults', async () => {
  answer = (_, response) => sendJson(response, customerNotFound, 404)
  await expect(client.GetCustomerAsync({ custNo: 42 })).rejects.toMatchObject({
    root: {
      Envelope: {
        Body: {
          Fault: {
            faultcode: 'soap:Client',
            faultstring: 'customer 42 not found',
            detail: { CustomerNotFound: { custNo: '42' } },
          },
        },
      },
    },
  })
})

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
  answer = (_, response) => sendJson(response, reply)
  const xml = envelope(
    request(operation, content).replace('>', ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'),
  )
  const { status, text } = await post(xml, { soapaction: `"urn:shop:2009#${operation}"` })
  expect([status, await read(text)]).toEqual([200, { version: '1.1', json: expected }])
  const sent = service.last()
  expect([sent.method, sent.path, sent.body === '' ? undefined : JSON.parse(sent.body)]).toEqual([
    method,
    path,
    body,
  ])
})

test('answers SOAP 1.2 in SOAP 1.2, faults included', async () => {
  const headers = {
    'content-type': 'application/soap+xml; charset=utf-8; action="urn:shop:2009#GetCustomer"',
  }
  const good = await post(envelope(get42, soap12), headers)
  expect([good.status, good.type, await read(good.text)]).toEqual([
    200,
    'application/soap+xml; charset=utf-8',
    { version: '1.2', json: { customer } },
  ])
  answer = (_, response) => sendJson(response, customerNotFound, 404)
  const sender = await post(envelope(get42, soap12), headers)
  expect([sender.status, await read(sender.text)]).toMatchObject([
    400,
    { version: '1.2', fault: { code: 'Client', detail: { CustomerNotFound: { custNo: 42 } } } },
  ])
  answer = (_, response) => sendJson(response, {}, 500)
  const receiver = await post(envelope(get42, soap12), headers)
  expect([receiver.status, await read(receiver.text)]).toMatchObject([
    500,
    { version: '1.2', fault: { code: 'Server' } },
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
  answer = (_, response) => sendJson(response, body, status, status === 503 ? { 'retry-after': '1' } : {})
  const { text, headers, ...got } = await post(
    envelope(request('UpdateCustomer', '<custNo>42</custNo><name>x</name>')),
  )
  expect([got.status, await read(text)]).toMatchObject([500, { version: '1.1', fault }])
  expect(text).not.toContain('secret')
  if (status === 503) expect(headers.get('retry-after')).toBe('1')
})

test.each<[string, (received: Received, response: ServerResponse) => void]>([
  [
    'HTML',
    (_, response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<html>secret</html>'),
  ],
  [
    'broken JSON',
    (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":'),
  ],
  ['another document', (_, response) => sendJson(response, { secret: 1 })],
  ['null', (_, response) => sendJson(response, null)],
  ['a number XML cannot carry', (_, response) => sendJson(response, { ...customerJson, id: 2 ** 40 })],
  ['nothing', (_, response) => void response.writeHead(200).end()],
  ['a closed connection', (_, response) => void response.destroy()],
])('answers a service that gives %s with a Server fault that quotes nothing', async (_what, bad) => {
  answer = bad
  const { status, text } = await post(envelope(get42))
  expect([status, await read(text)]).toMatchObject([
    500,
    { fault: { code: 'Server', reason: 'internal error' } },
  ])
  expect(text).not.toContain('secret')
  expect(adapters.lines.at(-1)).toMatchObject({ level: 50, error: {} })
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
  const { status, text } = await post(envelope(request(operation, content)))
  expect([status, await read(text)]).toMatchObject([
    500,
    { fault: { code: 'Client', detail: { ValidationFault: { violation } } } },
  ])
  expect(service.received).toEqual([])
})

const deep = `<s:Header>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</s:Header><s:Body>`
const lol = '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>'

test.each<[string, string | Buffer, Record<string, string>, number, string]>([
  ['broken XML', '<s:Envelope', {}, 400, 'Client'],
  ['nothing', '', {}, 400, 'Client'],
  ['a DOCTYPE', lol + envelope(get42), {}, 400, 'Client'],
  ['a processing instruction', `<?x y?>${envelope(get42)}`, {}, 400, 'Client'],
  ['deep nesting', envelope(get42).replace('<s:Body>', deep), {}, 400, 'Client'],
  ['HTML', '<html/>', {}, 400, 'Client'],
  ['an unknown operation', envelope('<x xmlns="urn:x"/>'), {}, 500, 'Client'],
  [
    'an operation that is not mapped',
    envelope('<GetProduct xmlns="urn:shop:2009:catalog"><sku>a</sku></GetProduct>'),
    {},
    500,
    'Client',
  ],
  [
    'an operation of another namespace',
    envelope('<GetCustomer xmlns="urn:x"><custNo>1</custNo></GetCustomer>'),
    {},
    500,
    'Client',
  ],
  [
    'an operation called __proto__',
    envelope('<__proto__ xmlns="urn:shop:2009:customers"/>'),
    {},
    500,
    'Client',
  ],
  [
    'a SOAPAction that contradicts the Body',
    envelope(get42),
    { soapaction: '"urn:shop:2009#CreateCustomer"' },
    500,
    'Client',
  ],
  [
    'an action parameter that contradicts it',
    envelope(get42),
    { 'content-type': 'text/xml; action="urn:shop:2009#CreateCustomer"' },
    500,
    'Client',
  ],
  ['a wrong type', envelope(request('GetCustomer', '<custNo>x</custNo>')), {}, 500, 'Client'],
  [
    'a child twice',
    envelope(request('GetCustomer', '<custNo>1</custNo><custNo>2</custNo>')),
    {},
    500,
    'Client',
  ],
  ['an unknown child', envelope(request('GetCustomer', '<custNo>1</custNo><x/>')), {}, 500, 'Client'],
  ['two Bodies', envelope(`${get42}</s:Body><s:Body>${get42}`), {}, 500, 'Client'],
  [
    'a fault for a request',
    envelope('<s:Fault><faultcode>s:Server</faultcode></s:Fault>'),
    {},
    500,
    'Client',
  ],
  ['an unknown version of SOAP', envelope(get42, 'urn:soap13'), {}, 500, 'VersionMismatch'],
  [
    'a header that must be understood',
    envelope(get42).replace(
      '<s:Body>',
      '<s:Header><w xmlns="urn:w" s:mustUnderstand="1"/></s:Header><s:Body>',
    ),
    {},
    500,
    'MustUnderstand',
  ],
  ['JSON', '{}', { 'content-type': 'application/json' }, 415, 'Client'],
  ['gzip', 'x', { 'content-encoding': 'gzip' }, 415, 'Client'],
  ['UTF-7', envelope(get42), { 'content-type': 'text/xml; charset=utf-7' }, 415, 'Client'],
  ['bytes that are not UTF-8', Buffer.from(envelope('é'), 'latin1'), {}, 400, 'Client'],
  ['11 MB', Buffer.alloc(11 * 1024 * 1024, 0x20), {}, 413, 'Client'],
])('answers %s with a fault, calls nobody and lives', async (_what, body, headers, status, code) => {
  const got = await post(body, headers)
  expect([got.status, got.type]).toEqual([status, 'text/xml; charset=utf-8'])
  expect(await read(got.text)).toMatchObject({ fault: { code } })
  expect(got.text).not.toMatch(/\bat .*\.ts|node_modules/)
  expect(service.received).toEqual([])
  expect((await post(envelope(get42))).status).toBe(200)
})

test('accepts a SOAPAction that fits, quoted, bare or empty', async () => {
  for (const soapaction of ['"urn:shop:2009#GetCustomer"', 'urn:shop:2009#GetCustomer', '""', ''])
    expect((await post(envelope(get42), { soapaction })).status).toBe(200)
})

test('takes the children of a request in any order, as the monolith does', async () => {
  const swapped = request('CreateCustomer', '<vip>true</vip><creditLimit>1</creditLimit><name>A</name>')
  expect((await post(envelope(swapped))).status).toBe(200)
  expect(JSON.parse(service.last().body)).toEqual({ name: 'A', creditLimit: '1', vip: true })
})

test('reads UTF-16 requests', async () => {
  const body = Buffer.from(
    `\ufeff${envelope(request('AddCustomerNote', '<custNo>1</custNo><text>Ü</text>'))}`,
    'utf16le',
  )
  answer = (_, response) => sendJson(response, noteJson, 201)
  expect((await post(body, { 'content-type': 'text/xml' })).status).toBe(200)
  expect(service.last().body).toBe('{"text":"Ü"}')
})

test('answers other methods and addresses', async () => {
  const url = `${adapters.facadeUrl}/soap`
  const put = await fetch(url, { method: 'PUT', body: 'x' })
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  expect((await fetch(url)).status).toBe(404)
  expect((await fetch(`${url}?xsd=../../package.json`)).status).toBe(404)
  expect((await fetch(`${adapters.facadeUrl}/other`)).status).toBe(404)
})

test('serves the WSDL and its schemas, with nothing changed but the addresses', async () => {
  const url = `${adapters.facadeUrl}/soap`
  for (const { path, text } of contract.documents) {
    const response = await fetch(`${url}?${path.endsWith('.wsdl') ? 'wsdl' : `xsd=${path}`}`)
    expect(response.headers.get('content-type')).toBe('text/xml; charset=utf-8')
    const served = await response.text()
    const restored = served
      .replaceAll(`${url}?xsd=`, '')
      .replace(`location="${url}"`, 'location="http://localhost:9001/soap"')
    expect(restored).toBe(text)
    if (path.endsWith('.wsdl')) expect(served).toContain(`<soap:address location="${url}"/>`)
  }
})

test('lets no Host header into the WSDL that is not a host', async () => {
  const { port } = new URL(adapters.facadeUrl)
  const text = await new Promise<string>(resolve => {
    let received = ''
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write('GET /soap?wsdl HTTP/1.1\r\nHost: a"/><evil\r\nConnection: close\r\n\r\n'),
    )
    socket.on('data', chunk => (received += chunk)).on('close', () => resolve(received))
  })
  expect(text).not.toContain('evil')
})

test('passes the trace, cookies and the headers that belong to the move, both ways', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  answer = (_, response) =>
    sendJson(response, customerJson, 201, { 'strangler-rehearsal': 'done', 'x-powered-by': 'secret' })
  const { headers } = await post(
    envelope(request('CreateCustomer', '<name>A</name><creditLimit>1</creditLimit>')),
    {
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      cookie: 'sid=1',
      'idempotency-key': 'k1',
      'strangler-rehearsal': '1',
      'strangler-mirror': '1',
    },
  )
  const sent = service.last().headers
  expect(sent).toMatchObject({
    cookie: 'sid=1',
    'idempotency-key': 'k1',
    'strangler-rehearsal': '1',
    'strangler-mirror': '1',
    'content-type': 'application/json; charset=utf-8',
  })
  expect(sent.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
  expect([headers.get('strangler-rehearsal'), headers.get('x-powered-by')]).toEqual(['done', null])
  expect(adapters.lines).toEqual([
    expect.objectContaining({ trace_id: traceId, route: '/soap#CreateCustomer', status: 200, mirror: true }),
  ])
})

test('answers many calls at once, each with its own reply', async () => {
  answer = ({ path }, response) => sendJson(response, { ...customerJson, id: Number(path.split('/').at(-1)) })
  const numbers = Array.from({ length: 200 }, (_, index) => index + 1)
  const replies = await Promise.all(
    numbers.map(async number => read((await post(envelope(get42.replace('42', String(number))))).text)),
  )
  expect(replies.map(reply => (reply.json as { customer: { custNo: number } }).customer.custNo)).toEqual(
    numbers,
  )
})
