import type { ServerResponse } from 'node:http'
import { afterEach, expect, test } from '@jest/globals'
import { typeScriptTypes } from '../src/cli/typescript-source.ts'
import type { Json } from '../src/codec/json.ts'
import { compileContract } from '../src/contract/load-contract.ts'
import { createHttpExchange } from '../src/http/http-exchange.ts'
import { openApiDocument } from '../src/rest-facade/open-api.ts'
import { createSoapClient, type SoapOutcome } from '../src/soap/soap-client.ts'
import { rpcMapping } from '../src/soap-facade/rpc-mapping.ts'
import { createServedDocuments } from '../src/soap-facade/served-documents.ts'
import { createSoapFacade } from '../src/soap-facade/soap-facade.ts'
import { plain } from './compile-schema.ts'
import { envelope, sendXml, startUpstream, type Upstream } from './shop-fixtures.ts'

/** Parts of a message that are not the one element of its Body: several elements, a type, header blocks. */
const wsdl = `<?xml version="1.0"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:forms" targetNamespace="urn:forms">
<types><xs:schema targetNamespace="urn:forms" elementFormDefault="qualified">
<xs:element name="A" type="xs:int"/><xs:element name="B"><xs:complexType><xs:sequence><xs:element name="x" type="xs:string" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
<xs:element name="Session"><xs:complexType><xs:sequence><xs:element name="token" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
<xs:complexType name="Pair"><xs:sequence><xs:element name="left" type="xs:int"/><xs:element name="right" type="xs:int"/></xs:sequence></xs:complexType>
</xs:schema></types>
<message name="Both"><part name="a" element="t:A"/><part name="b" element="t:B"/></message>
<message name="Typed"><part name="pair" type="t:Pair"/></message>
<message name="Head"><part name="session" element="t:Session"/></message>
<portType name="P"><operation name="Both"><input message="t:Both"/><output message="t:Both"/></operation><operation name="Typed"><input message="t:Typed"/><output message="t:Typed"/></operation></portType>
<binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
<operation name="Both"><soap:operation soapAction="both"/><input><soap:header message="t:Head" part="session" use="literal"/><soap:body use="literal"/></input><output><soap:header message="t:Head" part="session" use="literal"/><soap:body use="literal"/></output></operation>
<operation name="Typed"><soap:operation soapAction="typed"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
<service name="S"><port name="Port" binding="t:B"><soap:address location="http://h/"/></port></service></definitions>`
const { contract } = compileContract('forms.wsdl', () => wsdl)
const both = contract.operations.get('Both')!
const typed = contract.operations.get('Typed')!
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

async function clientOf(answer: (response: ServerResponse) => void) {
  const upstream = await startUpstream((_, response) => answer(response))
  const exchange = createHttpExchange(upstream.url)
  opened.push(upstream, exchange)
  return { upstream, client: createSoapClient(contract, exchange, '/') }
}

const jsonOf = (outcome: SoapOutcome): Json => (outcome.kind === 'reply' ? outcome.json : null)
const bothXml = '<A xmlns="urn:forms">1</A><B xmlns="urn:forms"><x>y</x></B>'
const bothJson = { A: 1, B: { x: ['y'] } }
const sessionXml = '<h:Session xmlns:h="urn:forms" s:mustUnderstand="1"><h:token>t</h:token></h:Session>'
const withHeader = envelope(bothXml).replace('<s:Body>', `<s:Header><other/>${sessionXml}</s:Header><s:Body>`)
const bodyOf = ({ body }: ReturnType<Upstream['last']>) => body.replace(/ xmlns:\w+="[^"]*"/g, '')

test('carries a Body of several elements, and header blocks both ways', async () => {
  const { upstream, client } = await clientOf(response => sendXml(response, withHeader))
  const input = { ...bothJson, $headers: { Session: { token: 'mine' } } }
  const outcome = await client.call(both, input, {})
  expect(plain(jsonOf(outcome))).toEqual({
    ...bothJson,
    $headers: { Session: { token: 't' } },
  })
  const sent = bodyOf(upstream.last())
  expect(sent).toMatch(/<soap:Header><(\w+):Session><\1:token>mine<\/\1:token><\/\1:Session><\/soap:Header>/)
  expect(sent).toMatch(/<soap:Body><(\w+):A>1<\/\1:A><\1:B><\1:x>y<\/\1:x><\/\1:B><\/soap:Body>/)
})

test.each([
  ['a part short', '<A xmlns="urn:forms">1</A>'],
  ['the parts in another order', '<B xmlns="urn:forms"><x>y</x></B><A xmlns="urn:forms">1</A>'],
  ['a part more', `${bothXml}<A xmlns="urn:forms">1</A>`],
])('refuses a reply with %s', async (_what, body) => {
  const { client } = await clientOf(response => sendXml(response, envelope(body)))
  await expect(client.call(both, bothJson, {})).rejects.toMatchObject({ code: 'UPSTREAM_REPLY_INVALID' })
})

test('names every problem of every part', async () => {
  const { client } = await clientOf(() => {})
  await expect(client.call(both, { A: 'x', C: 1 }, {})).rejects.toMatchObject({
    code: 'VALUE_REFUSED',
    details: {
      problems: [
        { path: '/C', message: 'is not a key of this object' },
        { path: '/A', message: 'must be an integer number' },
        { path: '/B', message: 'is missing' },
      ],
    },
  })
})

test('reads and writes a part of a type under the name of the part', async () => {
  const xml = '<pair><left xmlns="urn:forms">1</left><right xmlns="urn:forms">2</right></pair>'
  const { upstream, client } = await clientOf(response => sendXml(response, envelope(xml)))
  const outcome = await client.call(typed, { left: 3, right: 4 }, {})
  expect(plain(jsonOf(outcome))).toEqual({ left: 1, right: 2 })
  expect(bodyOf(upstream.last())).toMatch(/<pair><\w+:left>3</)
})

test('serves such messages over REST: headers come and go under $headers', async () => {
  const service = await startUpstream(
    (_, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ ...bothJson, $headers: { Session: { token: 'theirs' } } })),
  )
  const exchange = createHttpExchange(service.url)
  opened.push(service, exchange)
  const facade = createSoapFacade({
    contract,
    rest: exchange,
    mappings: [rpcMapping(contract)],
    documents: createServedDocuments(contract.documents),
    path: '/soap',
  })
  const answer = await facade.handle({
    method: 'POST',
    path: '/soap',
    query: new URLSearchParams(),
    headers: { 'content-type': 'text/xml' },
    body: Buffer.from(withHeader),
    trace: { traceId: '0'.repeat(31).concat('1'), spanId: '0'.repeat(15).concat('1'), sampled: false },
  })
  expect(answer.status).toBe(200)
  expect(JSON.parse(service.last().body)).toEqual({ ...bothJson, $headers: { Session: { token: 't' } } })
  expect(answer.body).toMatch(/<soap:Header>.*theirs.*<\/soap:Header><soap:Body><\w+:A [^>]*>1</)
})

test('describes them in OpenAPI and TypeScript', () => {
  const { paths } = openApiDocument(contract, [])
  expect(paths['/rpc/Both']!.post!.requestBody!.content!['application/json']!.schema).toMatchObject({
    required: ['A', 'B'],
    properties: { A: { type: 'integer' }, $headers: { properties: { Session: expect.anything() } } },
  })
  expect(typeScriptTypes(contract)).toMatch(
    /Both: \{ input: \{ A: number; B: B \} & \{ \$headers\?: \{ Session\?: Session \} \}/,
  )
})

test.each(['\n', '<!-- a licence\n of two lines -->\n', '\uFEFF \n<!-- a -->'])(
  'reads a WSDL with %j before its XML declaration, and counts its lines right',
  before => {
    expect(compileContract('a.wsdl', () => before + wsdl).contract.operations.size).toBe(2)
    const broken = before + wsdl.replace('</definitions>', '<definitions>')
    const line = broken.split('\n').length
    expect(() => compileContract('a.wsdl', () => broken)).toThrow(`a.wsdl:${line}`)
  },
)
