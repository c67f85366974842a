import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { post, startTestShop, type TestShop } from './test-shop.ts'

let shop: TestShop
const get = '<c:GetCustomer><c:custNo>1</c:custNo></c:GetCustomer>'
const envelope = (content: string) =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="urn:shop:2009:customers"><s:Body>${content}</s:Body></s:Envelope>`

beforeAll(async () => {
  shop = await startTestShop()
  await shop.call('CreateCustomer', { name: 'First', creditLimit: '1' })
})
afterAll(() => shop.close())

afterEach(async () => {
  expect((await post(shop.url, { content: get })).text).toContain('<cust:name>First</cust:name>')
  expect(shop.reported).toEqual([])
})

function expectFault(answer: { status: number; text: string; type: string }, status: number): void {
  expect(answer).toMatchObject({ status, type: 'text/xml; charset=utf-8' })
  expect(answer.text).toContain('<soap:Fault><faultcode>soap:Client</faultcode>')
  expect(answer.text).not.toMatch(/\bat .*:\d+:\d+|node_modules|Error\b/)
}

test.each([
  ['a document type', `<!DOCTYPE a [<!ENTITY e "boom">]>${envelope(get)}`],
  ['an external entity', `<!DOCTYPE a SYSTEM "file:///etc/passwd">${envelope(get)}`],
  ['no XML', 'custNo=1'],
  ['an empty body', ''],
  ['half an envelope', envelope(get).slice(0, -5)],
  ['an unknown operation', envelope('<c:DropCustomers/>')],
  [
    'an operation of another namespace',
    envelope('<GetCustomer xmlns="urn:other"><custNo>1</custNo></GetCustomer>'),
  ],
  ['a child of another namespace', envelope('<c:GetCustomer><custNo>1</custNo></c:GetCustomer>')],
  ['no custNo', envelope('<c:GetCustomer/>')],
  [
    'a custNo that is nil',
    envelope(
      get.replace('<c:custNo>1', '<c:custNo xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:nil="1">'),
    ),
  ],
  ['an element called __proto__', envelope('<c:GetCustomer><c:__proto__>1</c:__proto__></c:GetCustomer>')],
  ['an operation called toString', envelope('<c:toString/>')],
  ['deep nesting', envelope('<c:a>'.repeat(50_000) + '</c:a>'.repeat(50_000))],
])('%s is answered with a fault', async (_, body) => {
  expectFault(await post(shop.url, { body }), 500)
})

test('an id called __proto__ leaves every object alone', async () => {
  const content = get.replace('<c:custNo>', '<c:custNo id="__proto__" href="#__proto__">')
  expect((await post(shop.url, { content })).status).toBe(200)
  expect(({} as Record<string, unknown>).obj).toBeUndefined()
})

test('a body of more than 1 MiB is refused, one a little smaller is read', async () => {
  const note = (length: number) =>
    envelope(
      `<c:AddCustomerNote><c:custNo>1</c:custNo><c:text>${'x'.repeat(length)}</c:text></c:AddCustomerNote>`,
    )
  expectFault(await post(shop.url, { body: note(1_048_576) }), 413)
  const read = await post(shop.url, { body: note(1_047_000) })
  expect(read.text).toContain('<com:reason>TOO_LONG</com:reason>')
})

test('a compressed body is refused whether or not it is what it says', async () => {
  const headers = { 'content-encoding': 'gzip' }
  expectFault(await post(shop.url, { body: new Uint8Array(gzipSync(envelope(get))), headers }), 415)
  expectFault(await post(shop.url, { body: envelope(get), headers }), 415)
})

test('bytes that are not UTF-8, and other encodings, are refused', async () => {
  const latin = Buffer.from(envelope(get).replace('>1<', '>\u00e9<'), 'latin1')
  expectFault(await post(shop.url, { body: new Uint8Array(latin) }), 500)
  expectFault(
    await post(shop.url, { body: envelope(get), headers: { 'content-type': 'text/xml; charset=utf-16' } }),
    415,
  )
  expectFault(
    await post(shop.url, { body: envelope(get), headers: { 'content-type': 'application/json' } }),
    415,
  )
})

test('an action that names another operation than the body is refused before anything runs', async () => {
  const content = '<c:CreateCustomer><c:name>Sly</c:name><c:creditLimit>1</c:creditLimit></c:CreateCustomer>'
  for (const soapaction of ['"urn:shop:2009#GetCustomer"', 'GetCustomer', '"urn:other#CreateCustomer"'])
    expectFault(await post(shop.url, { content, headers: { soapaction } }), 500)
  expect(await shop.query("SELECT 1 FROM CUST_MST WHERE CUST_NM = 'Sly'")).toEqual([])
  for (const soapaction of ['', '""', 'urn:shop:2009#GetCustomer', '"urn:shop:2009#GetCustomer"'])
    expect((await post(shop.url, { content: get, headers: { soapaction } })).status).toBe(200)
})

test('another SOAP version and a header that must be understood have their own fault codes', async () => {
  const other = envelope(get).replace(
    'http://schemas.xmlsoap.org/soap/envelope/',
    'http://www.w3.org/2003/05/soap-envelope',
  )
  expect((await post(shop.url, { body: other })).text).toContain(
    '<faultcode>soap:VersionMismatch</faultcode>',
  )
  const header = envelope(get).replace('<s:Body>', '<s:Header><x s:mustUnderstand="1"/></s:Header><s:Body>')
  expect((await post(shop.url, { body: header })).text).toContain(
    '<faultcode>soap:MustUnderstand</faultcode>',
  )
})

test('other methods and paths are refused', async () => {
  const put = await fetch(`${shop.url}/soap`, { method: 'PUT', body: 'x' })
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST'])
  expect((await fetch(`${shop.url}/other`)).status).toBe(404)
})

test('a request that breaks off harms nobody', async () => {
  const { port } = new URL(shop.url)
  await new Promise<void>(resolve => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(
        'POST /soap HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<s:',
      )
      setTimeout(() => socket.destroy(), 50)
    })
    socket.on('close', () => resolve())
  })
})
