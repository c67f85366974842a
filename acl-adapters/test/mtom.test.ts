import { afterEach, expect, test } from '@jest/globals'
import type { Json } from '../src/codec/json.ts'
import { compileContract } from '../src/contract/load-contract.ts'
import { createHttpExchange } from '../src/http/http-exchange.ts'
import { inlineParts } from '../src/mtom/inclusions.ts'
import { createMtomClient } from '../src/mtom/mtom-client.ts'
import { mediaParameters, readMultipart, writeMultipart } from '../src/mtom/multipart.ts'
import { createSoapClient } from '../src/soap/soap-client.ts'
import { rpcMapping } from '../src/soap-facade/rpc-mapping.ts'
import { createServedDocuments } from '../src/soap-facade/served-documents.ts'
import { createSoapFacade } from '../src/soap-facade/soap-facade.ts'
import { plain, schemaOf } from './compile-schema.ts'
import { startRawUpstream } from './raw-upstream.ts'
import { envelope } from './shop-fixtures.ts'

const { contract } = compileContract(
  'files.wsdl',
  () => `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:t="urn:test" targetNamespace="urn:test"><types>${schemaOf('<xs:element name="Store"><xs:complexType><xs:sequence><xs:element name="name" type="xs:string"/><xs:element name="bytes" type="xs:base64Binary" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>')}</types>
<message name="M"><part name="p" element="t:Store"/></message><portType name="P"><operation name="Store"><input message="t:M"/><output message="t:M"/></operation></portType>
<binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Store"><soap:operation soapAction="store"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
<service name="S"><port name="Port" binding="t:B"/></service></definitions>`,
)
const operation = contract.operations.get('Store')!
const large = Buffer.from(Array.from({ length: 3_000 }, (_, index) => index % 256))
const small = Buffer.from('tiny')
const xop = 'xmlns:xop="http://www.w3.org/2004/08/xop/include"'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

/** A message of two parts, as CXF and .NET send it. */
function mtomMessage(bytes: string) {
  const body = envelope(`<Store xmlns="urn:test"><name>n</name>${bytes}</Store>`)
  const root = {
    headers: {
      'Content-Type': 'application/xop+xml; charset=UTF-8; type="text/xml"',
      'Content-ID': '<root@x>',
    },
    body: Buffer.from(body),
  }
  const part = {
    headers: { 'Content-Type': 'image/png', 'Content-Transfer-Encoding': 'binary', 'Content-ID': '<a b@x>' },
    body: large,
  }
  const { boundary, body: message } = writeMultipart([part, root])
  const contentType = `multipart/related; type="application/xop+xml"; start="<root@x>"; start-info="text/xml"; boundary="${boundary}"`
  return { contentType, body: message }
}

const included = `<bytes><xop:Include ${xop} href="cid:a%20b@x"/></bytes>`

async function clientOf(reply: { contentType: string; body: Buffer }, above?: number) {
  const upstream = await startRawUpstream(reply)
  const exchange = createHttpExchange(upstream.url)
  opened.push(upstream, exchange)
  const client = createMtomClient(contract, exchange, above, over => createSoapClient(contract, over, '/'))
  const call = async (input: Json) => {
    const outcome = await client.call(operation, input, {})
    return outcome.kind === 'reply' ? plain(outcome.json) : null
  }
  return { upstream, call }
}

test('reads a reply whose bytes are parts as base64', async () => {
  const { call } = await clientOf(mtomMessage(included))
  expect(await call({ name: 'n', bytes: [''] })).toEqual({ name: 'n', bytes: [large.toString('base64')] })
})

test('sends large values as parts where asked, and small ones in the envelope', async () => {
  const { upstream, call } = await clientOf(mtomMessage(included), 1_000)
  const text = large.toString('base64')
  await call({ name: text, bytes: [text, small.toString('base64')] })
  const { contentType, body } = upstream.received[0]!
  expect(contentType).toMatch(/^multipart\/related; type="application\/xop\+xml"/)
  const [root, part, ...more] = readMultipart(body, mediaParameters(contentType).get('boundary')!)
  expect(more).toEqual([])
  expect(part!.body.equals(large)).toBe(true)
  // A string that looks like base64 is a string.
  expect(root!.body.toString()).toContain(`name>${text}</`)
  expect(root!.body.toString()).toContain('bytes>dGlueQ==</')
  expect(plainOf(inlineParts(body, contentType, 1e6).body)).toBe(
    `<Store><name>${text}</name><bytes>${text}</bytes><bytes>dGlueQ==</bytes></Store>`,
  )
})

const plainOf = (body: Buffer) =>
  /Body>(.*)<\/\w+:Body>/s
    .exec(body.toString())![1]!
    .replace(/ xmlns:\w+="[^"]*"/g, '')
    .replace(/(<\/?)\w+:/g, '$1')

test('sends no parts where nothing was asked', async () => {
  const { upstream, call } = await clientOf(mtomMessage(included))
  await call({ name: 'n', bytes: [large.toString('base64')] })
  expect(upstream.received[0]!.contentType).toMatch(/^text\/xml/)
})

test('takes an MTOM request at the SOAP façade as base64, and answers in kind', async () => {
  const echoed = { name: 'n', bytes: [large.toString('base64')] }
  const bodies: string[] = []
  const facade = createSoapFacade({
    contract,
    rest: {
      async send({ body }) {
        bodies.push(String(body))
        return {
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: Buffer.from(JSON.stringify(echoed)),
        }
      },
      close: async () => {},
    },
    mappings: [rpcMapping(contract)],
    documents: createServedDocuments(contract.documents),
    path: '/soap',
  })
  const send = (contentType: string, body: Buffer) =>
    facade.handle({
      method: 'POST',
      path: '/soap',
      query: new URLSearchParams(),
      headers: { 'content-type': contentType },
      body,
      trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false },
    })
  const message = mtomMessage(included)
  const answer = await send(message.contentType, message.body)
  expect(JSON.parse(bodies[0]!)).toEqual(echoed)
  const type = String(answer.headers['content-type'])
  expect(type).toMatch(/^multipart\/related/)
  expect(plainOf(inlineParts(answer.bytes!, type, 1e6).body)).toContain(
    `<bytes>${large.toString('base64')}</bytes>`,
  )
  const inline = await send(
    'text/xml',
    Buffer.from(envelope(`<Store xmlns="urn:test"><name>n</name><bytes>dGlueQ==</bytes></Store>`)),
  )
  expect([inline.headers['content-type'], inline.bytes]).toEqual(['text/xml; charset=utf-8', undefined])
})

test.each([
  ['a part that is not there', mtomMessage(`<bytes><xop:Include ${xop} href="cid:other"/></bytes>`)],
  ['an address outside', mtomMessage(`<bytes><xop:Include ${xop} href="http://127.0.0.1/x"/></bytes>`)],
  ['no boundary', { ...mtomMessage(included), contentType: 'multipart/related' }],
  [
    'no end',
    { contentType: 'multipart/related; boundary=b', body: Buffer.from('--b\r\nContent-ID: <a>\r\n\r\n<a/>') },
  ],
  ['no parts', { contentType: 'multipart/related; boundary=b', body: Buffer.from('--b--\r\n') }],
  ['a part included without end', mtomMessage(included.repeat(4_000))],
])('answers a multipart reply with %s by a typed error', async (_what, reply) => {
  const { call } = await clientOf(reply)
  await expect(call({ name: 'n', bytes: [''] })).rejects.toMatchObject({ code: 'UPSTREAM_REPLY_INVALID' })
})

test.each([
  ['of another namespace', '<x:Include xmlns:x="urn:other" href="cid:a%20b@x"/>'],
  ['in CDATA', `<![CDATA[<xop:Include ${xop} href="cid:a%20b@x"/>]]>`],
  ['in a comment', `<!--<xop:Include ${xop} href="cid:a%20b@x"/>-->`],
])('leaves an Include %s as it is', (_what, content) => {
  const message = mtomMessage(`<name2>${content}</name2>`)
  expect(inlineParts(message.body, message.contentType, 1e6).body.toString()).toContain(
    `<name2>${content}</name2>`,
  )
})
