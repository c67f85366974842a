import { once } from 'node:events'
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { afterEach, expect, test } from '@jest/globals'
import { createElementDecoder, replyRules } from '../src/codec/decode-element.ts'
import type { Json } from '../src/codec/json.ts'
import { type StreamedArray, streamedArrayOf } from '../src/codec/streamed-array.ts'
import { createDocumentWriter, createLineWriter } from '../src/rest-facade/item-writer.ts'
import { readXml } from '../src/xml/xml-reader.ts'
import { codecFor, e, sequence } from './compile-schema.ts'
import { envelope, sendXml, startShopAdapters, startUpstream } from './shop-fixtures.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

const customer = (index: number) =>
  `<c:customer><c:custNo>${index}</c:custNo><c:name>Customer ${index} &amp; sons</c:name><c:email>c${index}@example.com</c:email><c:creditLimit>1234.50</c:creditLimit><c:statusCode>A</c:statusCode><c:vip>true</c:vip><c:openedAt>2024-02-29T12:34:56Z</c:openedAt><c:changedAt>2024-02-29T12:34:56Z</c:changedAt></c:customer>`
const [head = '', tail = ''] = envelope(
  '<c:FindCustomersResponse xmlns:c="urn:shop:2009:customers">|</c:FindCustomersResponse>',
).split('|')

type Sent = { bytes: number; waiting: boolean; closed: boolean }

/** Sends customers as fast as they are taken. */
async function sendCustomers(response: ServerResponse, count: number, sent: Sent, end = tail): Promise<void> {
  const gone = once(response, 'close').then(() => {
    sent.closed = true
  })
  const write = async (text: string) => {
    sent.bytes += text.length
    if (response.write(text)) return
    sent.waiting = true
    await Promise.race([once(response, 'drain'), gone])
    sent.waiting = false
  }
  response.writeHead(200, { 'content-type': 'text/xml; charset=utf-8' })
  await write(head)
  for (let at = 0; at < count && !response.destroyed; at += 100)
    await write(Array.from({ length: 100 }, (_, index) => customer(at + index)).join(''))
  response.end(end)
}

async function facadeBefore(answer: (response: ServerResponse, sent: Sent) => void | Promise<void>) {
  const sent: Sent = { bytes: 0, waiting: false, closed: false }
  const upstream = await startUpstream((_, response) => answer(response, sent))
  const adapters = await startShopAdapters({ monolith: upstream.url })
  opened.push(upstream, adapters)
  return { url: `${adapters.restUrl}/rpc/FindCustomers`, sent, adapters }
}

function ask(url: string, accept: string): Promise<{ reply: IncomingMessage; request: ClientRequest }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept }
    const request = httpRequest(url, { method: 'POST', headers, agent: false })
    request.on('response', reply => resolve({ reply, request }))
    request.on('error', reject)
    request.end('{}')
  })
}

const ndjson = 'application/x-ndjson'
const megabytes = (count: number) => Math.ceil((count * 1024 * 1024) / customer(10_000).length / 100) * 100

test('gives a reply of 20 MB as lines, and no turn of the event loop works for 50 ms', async () => {
  const count = megabytes(20)
  const { url } = await facadeBefore((response, sent) => sendCustomers(response, count, sent))
  const { reply } = await ask(url, ndjson)
  expect(reply.headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
  // The clock would count what neighbours take; the processor time of this thread is our own.
  let longest = 0
  let before = process.threadCpuUsage()
  let watching = true
  const watch = () => {
    const { user, system } = process.threadCpuUsage(before)
    longest = Math.max(longest, (user + system) / 1_000)
    before = process.threadCpuUsage()
    if (watching) setImmediate(watch)
  }
  watch()
  let lines = 0
  let last = ''
  for await (const chunk of reply.setEncoding('utf8')) {
    const parts = (last + chunk).split('\n')
    last = parts.pop()!
    lines += parts.length
    if (parts.length > 0) expect(Object.keys(JSON.parse(parts[0]!))).toHaveLength(8)
  }
  watching = false
  expect([lines, last]).toEqual([count, ''])
  expect(longest).toBeLessThan(50)
})

test('gives a reply of 12 MB as the JSON document that it is', async () => {
  const count = megabytes(12)
  const { url } = await facadeBefore((response, sent) => sendCustomers(response, count, sent))
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  const { customer: items, ...rest } = (await reply.json()) as { customer: { custNo: number }[] }
  expect([reply.status, items.length, items.at(-1)?.custNo, rest]).toEqual([200, count, count - 1, {}])
})

test('reads no more of a reply than its caller takes', async () => {
  const count = megabytes(32)
  const { url, sent } = await facadeBefore((response, about) => sendCustomers(response, count, about))
  const { reply } = await ask(url, ndjson)
  reply.pause()
  await until(async () => {
    const bytes = sent.bytes
    await new Promise(resolve => setTimeout(resolve, 200))
    return sent.waiting && sent.bytes === bytes
  })
  expect(sent.bytes).toBeLessThan(24 * 1024 * 1024)
  let lines = 0
  for await (const chunk of reply.setEncoding('latin1')) lines += (chunk as string).split('\n').length - 1
  expect(lines).toBe(count)
})

test('stops reading when its caller has gone', async () => {
  const { url, sent } = await facadeBefore((response, about) => sendCustomers(response, megabytes(60), about))
  const { reply } = await ask(url, ndjson)
  reply.once('error', () => {})
  reply.destroy()
  await until(() => sent.closed)
  expect(sent.bytes).toBeLessThan(60 * 1024 * 1024)
})

test.each([
  ['that is cut off', (response: ServerResponse) => void response.destroy()],
  ['that goes wrong', (response: ServerResponse) => void response.end('<c:customer><c:custNo>x')],
])('breaks off an answer to a reply %s, once it has begun', async (_what, end) => {
  const { url, adapters } = await facadeBefore(async (response, sent) => {
    response.end = (() => response) as ServerResponse['end']
    await sendCustomers(response, megabytes(2), sent)
    Reflect.deleteProperty(response, 'end')
    setTimeout(() => end(response), 50)
  })
  const { reply } = await ask(url, ndjson)
  expect(reply.statusCode).toBe(200)
  let whole = true
  try {
    for await (const _ of reply);
  } catch {
    whole = false
  }
  expect(whole).toBe(false)
  await until(() => adapters.lines.some(line => line.error !== undefined))
})

test('answers a problem while nothing has been sent', async () => {
  const { url } = await facadeBefore(response => sendXml(response, head + tail))
  const { reply } = await ask(url.replace('FindCustomers', 'GetCustomer'), ndjson)
  expect(reply.statusCode).toBe(406)
  reply.resume()
  const broken = await facadeBefore(response =>
    sendXml(response, envelope(`<c:Other xmlns:c="urn:x">${' '.repeat(600_000)}</c:Other>`)),
  )
  const { reply: other } = await ask(broken.url, ndjson)
  expect([other.statusCode, other.headers['content-type']]).toEqual([
    502,
    'application/problem+json; charset=utf-8',
  ])
  other.resume()
})

test('offers lines in the OpenAPI document where the list is all of the reply', async () => {
  const { url } = await facadeBefore(response => sendXml(response, head + tail))
  const { paths } = (await (await fetch(new URL('/openapi.json', url))).json()) as {
    paths: Record<string, { post: { responses: Record<string, { content: object }> } }>
  }
  const typesOf = (name: string) => Object.keys(paths[`/rpc/${name}`]!.post.responses[200]!.content)
  expect(typesOf('FindCustomers')).toEqual(['application/json', 'application/xml', 'application/x-ndjson'])
  expect(typesOf('GetCustomer')).toEqual(['application/json', 'application/xml'])
})

test('gives short replies, and faults, as before', async () => {
  const { url } = await facadeBefore(response => sendXml(response, head + customer(1) + customer(2) + tail))
  const { reply } = await ask(url, ndjson)
  let text = ''
  for await (const chunk of reply.setEncoding('utf8')) text += chunk
  const [first, second, ...rest] = text.split('\n')
  expect([JSON.parse(first!).custNo, JSON.parse(second!).custNo, rest]).toEqual([1, 2, ['']])
  const fault = '<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault>'
  const faulty = await facadeBefore(response => sendXml(response, envelope(fault + ' '.repeat(600_000)), 500))
  const { reply: refused } = await ask(faulty.url, ndjson)
  expect(refused.statusCode).toBe(502)
  refused.resume()
})

const schema = sequence(
  `<xs:element name="before" type="xs:int"/><xs:element name="list"><xs:complexType><xs:sequence><xs:element name="of" type="xs:string"/><xs:element name="item" type="xs:int" maxOccurs="unbounded" minOccurs="0" nillable="true"/><xs:element name="end" type="xs:string" minOccurs="0"/></xs:sequence><xs:attribute name="id" type="xs:string"/></xs:complexType></xs:element>`,
)

test.each([
  ['several', '<item>1</item><item xsi:nil="true"/><item>3</item>', '<end>x</end>'],
  ['one', '<item>1</item>', ''],
  ['none', '', '<end>x</end>'],
])('writes a document with %s of its items as JSON.stringify would', (_what, items, end) => {
  const { contract, element, decode } = codecFor(schema)
  const array = streamedArrayOf(element, contract.prefixes)!
  // Two lists of one level: which of them to give out would be a guess.
  expect(array).toBeUndefined()
  const only = codecFor(schema.replace('<xs:element name="before" type="xs:int"/>', ''))
  const found = streamedArrayOf(only.element, only.contract.prefixes) as StreamedArray
  expect(found).toEqual({ path: ['list', 'item'], beside: ['@id', 'of', 'end'] })
  const xml = e(`<list id="a&quot;b"><of>numbers</of>${items}${end}</list>`)
  const writer = createDocumentWriter(found.path)
  const lines = createLineWriter(found.path)
  const [json, text] = decodeTapped(only, xml, writer)
  writer.end(json)
  expect(JSON.parse(text() + writer.taken())).toEqual(JSON.parse(JSON.stringify(only.decode(xml))))
  expect(lines.whole(only.decode(xml))).toBe(
    [...items.matchAll(/>(\d)<|nil/g)].map(match => `${match[1] ?? 'null'}\n`).join(''),
  )
  expect(decode(e('<before>1</before><list><of>n</of></list>'))).toMatchObject({ list: { item: [] } })
})

test('checks how many items there are although it keeps none', () => {
  const codec = codecFor(sequence('<xs:element name="item" type="xs:int" minOccurs="2" maxOccurs="3"/>'))
  const run = (count: number) =>
    decodeTapped(codec, e('<item>1</item>'.repeat(count)), createLineWriter(['item']))
  expect(run(3)[1]()).toBe('1\n1\n1\n')
  expect(() => run(1)).toThrow('at least 2')
  expect(() => run(4)).toThrow('at most 3')
})

function decodeTapped(
  { element, contract }: ReturnType<typeof codecFor>,
  xml: string,
  writer: ReturnType<typeof createLineWriter>,
): [Json, () => string] {
  const decoder = createElementDecoder(element, contract, replyRules, writer.tap)
  readXml(xml, { ...decoder, close: resolve => void decoder.close(resolve) })
  return [decoder.value(), () => writer.taken()]
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it never came')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
