import { connect } from 'node:net'
import { beforeAll, expect, test } from '@jest/globals'
import { type Client, createClientAsync } from 'soap'
import { customerJson, customerNotFound, envelope, noteJson, sendJson } from './shop-fixtures.ts'
import {
  type Answer,
  contract,
  customer,
  get42,
  read,
  request,
  soap12,
  useSoapHarness,
} from './soap-harness.ts'

const soap = useSoapHarness()
let client: Client

beforeAll(async () => {
  client = await createClientAsync(`${soap.adapters.facadeUrl}/soap?wsdl`)
})

test('answers the calls of a client generated from its WSDL', async () => {
  const [found] = await client.GetCustomerAsync({ custNo: 42 })
  expect(found.customer).toMatchObject({ custNo: 42, name: 'Ann & Söhne', statusCode: 'S', vip: true })
  soap.answer = (_, response) => sendJson(response, customerJson, 201, { location: '/customers/42' })
  const [created] = await client.CreateCustomerAsync({ name: 'Ann', creditLimit: '7.50', vip: true })
  expect(created.customer.custNo).toBe(42)
  expect(soap.service.last()).toMatchObject({
    method: 'POST',
    path: '/customers',
    body: '{"name":"Ann","creditLimit":"7.50","vip":true}',
  })
  soap.answer = (_, response) => sendJson(response, { items: [noteJson, noteJson] })
  const [notes] = await client.ListCustomerNotesAsync({ custNo: 42 })
  expect(notes.note.map(({ text }: { text: string }) => text)).toEqual(['called <twice>', 'called <twice>'])
})

test('gives such a client its typed faults', async () => {
  soap.answer = (_, response) => sendJson(response, customerNotFound, 404)
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

test('answers SOAP 1.2 in SOAP 1.2, faults included', async () => {
  const headers = {
    'content-type': 'application/soap+xml; charset=utf-8; action="urn:shop:2009#GetCustomer"',
  }
  const good = await soap.post(envelope(get42, soap12), headers)
  expect([good.status, good.type, await read(good.text)]).toEqual([
    200,
    'application/soap+xml; charset=utf-8',
    { version: '1.2', json: { customer } },
  ])
  soap.answer = (_, response) => sendJson(response, customerNotFound, 404)
  const sender = await soap.post(envelope(get42, soap12), headers)
  expect([sender.status, await read(sender.text)]).toMatchObject([
    400,
    { version: '1.2', fault: { code: 'Client', detail: { CustomerNotFound: { custNo: 42 } } } },
  ])
  soap.answer = (_, response) => sendJson(response, {}, 500)
  const receiver = await soap.post(envelope(get42, soap12), headers)
  expect([receiver.status, await read(receiver.text)]).toMatchObject([
    500,
    { version: '1.2', fault: { code: 'Server' } },
  ])
})

test.each<[string, Answer]>([
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
  soap.answer = bad
  const { status, text } = await soap.post(envelope(get42))
  expect([status, await read(text)]).toMatchObject([
    500,
    { fault: { code: 'Server', reason: 'internal error' } },
  ])
  expect(text).not.toContain('secret')
  expect(soap.adapters.lines.at(-1)).toMatchObject({ level: 50, error: {} })
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
  const got = await soap.post(body, headers)
  expect([got.status, got.type]).toEqual([status, 'text/xml; charset=utf-8'])
  expect(await read(got.text)).toMatchObject({ fault: { code } })
  expect(got.text).not.toMatch(/\bat .*\.ts|node_modules/)
  expect(soap.service.received).toEqual([])
  expect((await soap.post(envelope(get42))).status).toBe(200)
})

test('accepts a SOAPAction that fits, quoted, bare or empty', async () => {
  for (const soapaction of ['"urn:shop:2009#GetCustomer"', 'urn:shop:2009#GetCustomer', '""', ''])
    expect((await soap.post(envelope(get42), { soapaction })).status).toBe(200)
})

test('reads UTF-16 requests', async () => {
  const body = Buffer.from(
    `\ufeff${envelope(request('AddCustomerNote', '<custNo>1</custNo><text>Ü</text>'))}`,
    'utf16le',
  )
  soap.answer = (_, response) => sendJson(response, noteJson, 201)
  expect((await soap.post(body, { 'content-type': 'text/xml' })).status).toBe(200)
  expect(soap.service.last().body).toBe('{"text":"Ü"}')
})

test('answers other methods and addresses', async () => {
  const url = `${soap.adapters.facadeUrl}/soap`
  const put = await fetch(url, { method: 'PUT', body: 'x' })
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  expect((await fetch(url)).status).toBe(404)
  expect((await fetch(`${url}?xsd=../../package.json`)).status).toBe(404)
  expect((await fetch(`${soap.adapters.facadeUrl}/other`)).status).toBe(404)
})

test('serves the WSDL and its schemas, with nothing changed but the addresses', async () => {
  const url = `${soap.adapters.facadeUrl}/soap`
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
  const { port } = new URL(soap.adapters.facadeUrl)
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
  soap.answer = (_, response) =>
    sendJson(response, customerJson, 201, { 'strangler-rehearsal': 'done', 'x-powered-by': 'secret' })
  const { headers } = await soap.post(
    envelope(request('CreateCustomer', '<name>A</name><creditLimit>1</creditLimit>')),
    {
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      cookie: 'sid=1',
      'idempotency-key': 'k1',
      'strangler-rehearsal': '1',
      'strangler-mirror': '1',
    },
  )
  const sent = soap.service.last().headers
  expect(sent).toMatchObject({
    cookie: 'sid=1',
    'idempotency-key': 'k1',
    'strangler-rehearsal': '1',
    'strangler-mirror': '1',
    'content-type': 'application/json; charset=utf-8',
  })
  expect(sent.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
  expect([headers.get('strangler-rehearsal'), headers.get('x-powered-by')]).toEqual(['done', null])
  expect(soap.adapters.lines).toEqual([
    expect.objectContaining({ trace_id: traceId, route: '/soap#CreateCustomer', status: 200, mirror: true }),
  ])
})

test('answers many calls at once, each with its own reply', async () => {
  soap.answer = ({ path }, response) =>
    sendJson(response, { ...customerJson, id: Number(path.split('/').at(-1)) })
  const numbers = Array.from({ length: 200 }, (_, index) => index + 1)
  const replies = await Promise.all(
    numbers.map(async number => read((await soap.post(envelope(get42.replace('42', String(number))))).text)),
  )
  expect(replies.map(reply => (reply.json as { customer: { custNo: number } }).customer.custNo)).toEqual(
    numbers,
  )
})
