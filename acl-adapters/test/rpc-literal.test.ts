import { expect, test } from '@jest/globals'
import { encodeMessage, takeHeaders } from '../src/codec/message.ts'
import { createHttpExchange } from '../src/http/http-exchange.ts'
import { rpcMapping } from '../src/soap-facade/rpc-mapping.ts'
import { createServedDocuments } from '../src/soap-facade/served-documents.ts'
import { createSoapFacade } from '../src/soap-facade/soap-facade.ts'
import { compileFiles, decodeXml, plain, schemaOf } from './compile-schema.ts'
import { envelope, sendJson, startUpstream } from './shop-fixtures.ts'

const wsdl = `<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:test" targetNamespace="urn:test">
<wsdl:types>${schemaOf('<xs:complexType name="P"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType><xs:element name="Token" type="xs:string"/>')}</wsdl:types>
<wsdl:message name="ByName"><wsdl:part name="name" type="xs:string"/><wsdl:part name="p" type="t:P"/></wsdl:message>
<wsdl:message name="ByKey"><wsdl:part name="key" type="xs:long"/></wsdl:message>
<wsdl:message name="Found"><wsdl:part name="return" type="xs:int"/></wsdl:message>
<wsdl:message name="Auth"><wsdl:part name="token" element="t:Token"/></wsdl:message>
<wsdl:portType name="T">
<wsdl:operation name="Find"><wsdl:input name="a" message="t:ByName"/><wsdl:output message="t:Found"/></wsdl:operation>
<wsdl:operation name="Find"><wsdl:input name="b" message="t:ByKey"/><wsdl:output message="t:Found"/></wsdl:operation>
</wsdl:portType>
<wsdl:binding name="B" type="t:T"><soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
<wsdl:operation name="Find"><soap:operation soapAction="f1"/><wsdl:input name="a"><soap:body use="literal" namespace="urn:wire"/><soap:header message="t:Auth" part="token" use="literal"/></wsdl:input><wsdl:output><soap:body use="literal" namespace="urn:wire"/></wsdl:output></wsdl:operation>
<wsdl:operation name="Find"><soap:operation soapAction="f2"/><wsdl:input name="b"><soap:body use="literal" namespace="urn:wire"/></wsdl:input><wsdl:output><soap:body use="literal" namespace="urn:wire"/></wsdl:output></wsdl:operation>
</wsdl:binding>
<wsdl:service name="S"><wsdl:port name="P" binding="t:B"/></wsdl:service></wsdl:definitions>`

const { contract, diagnostics } = compileFiles({ 'a.wsdl': wsdl })

test('wraps the parts of an rpc message in the namespace of soap:body, the parts in none', () => {
  const { input, output, unsupported } = contract.operations.get('Find')!
  expect(unsupported).toEqual([])
  const json = { name: 'n', p: { x: 1 } }
  const xml = encodeMessage(input, json, contract)
  expect(xml).toMatch(
    /^<x\d:Find xmlns:\w+="urn:wire" xmlns:\w+="urn:test"><name>n<\/name><p><\w+:x>1<\/\w+:x><\/p>/,
  )
  expect(plain(decodeXml(contract, input.element!, xml))).toEqual(json)
  expect(output?.element?.name).toBe('{urn:wire}FindResponse')
})

test('keeps overloads apart by their input message', () => {
  expect(diagnostics).toEqual([])
  expect([...contract.operations.keys()]).toEqual(['Find', 'Find.ByKey'])
  const second = contract.operations.get('Find.ByKey')!
  expect(encodeMessage(second.input, { key: '9' }, contract)).toMatch(/<key>9<\/key>/)
  expect(second.actions.get('1.1')).toBe('f2')
})

test('takes the header blocks that the binding declares from $headers', () => {
  const { input } = contract.operations.get('Find')!
  const { headers, body } = takeHeaders(input, { $headers: { Token: 'a<b' }, name: 'n' }, contract)
  expect(headers).toBe('<ns1:Token xmlns:ns1="urn:test">a&lt;b</ns1:Token>')
  expect(body).toEqual({ name: 'n' })
  expect(() => takeHeaders(input, { $headers: { Other: 1 } }, contract)).toThrow(
    /not a header of the operation/,
  )
})

test('tells overloads with the same wrapper apart by the action', async () => {
  const upstream = await startUpstream((_, response) => sendJson(response, { return: 1 }))
  const exchange = createHttpExchange(upstream.url)
  const facade = createSoapFacade({
    contract,
    rest: exchange,
    mappings: [rpcMapping(contract)],
    documents: createServedDocuments(contract.documents),
    path: '/soap',
  })
  const send = (action: string, parts: string) =>
    facade.handle({
      method: 'POST',
      path: '/soap',
      query: new URLSearchParams(),
      headers: { 'content-type': 'text/xml', soapaction: action },
      body: Buffer.from(envelope(`<w:Find xmlns:w="urn:wire">${parts}</w:Find>`)),
      trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false },
    })
  try {
    expect((await send('"f2"', '<key>9</key>')).status).toBe(200)
    expect([upstream.last().path, upstream.last().body]).toEqual(['/rpc/Find.ByKey', '{"key":"9"}'])
    const byName = '<name>n</name><p><x xmlns="urn:test">1</x></p>'
    expect((await send('"f1"', byName)).status).toBe(200)
    expect(upstream.last().path).toBe('/rpc/Find')
    expect((await send('"f1"', '<key>9</key>')).status).toBe(500)
    expect((await send('"f3"', byName)).body).toContain('different operations')
    expect(upstream.received).toHaveLength(2)
  } finally {
    await exchange.close()
    await upstream.close()
  }
})

test('takes a part of an element, and a name with a blank at its end', () => {
  const parts = wsdl
    .replace('<wsdl:part name="return" type="xs:int"/>', '<wsdl:part name="return" element="t:Late"/>')
    .replace(
      '<xs:element name="Token" type="xs:string"/>',
      '<xs:element name="Token" type="xs:string"/><xs:element name="Late"><xs:complexType><xs:sequence><xs:element name="code " type="xs:int"/></xs:sequence></xs:complexType></xs:element>',
    )
  const { contract: own } = compileFiles({ 'a.wsdl': parts })
  const { output } = own.operations.get('Find')!
  const json = { return: { code: 5 } }
  const xml = encodeMessage(output!, json, own)
  expect(xml).toMatch(/<return><\w+:code>5<\/\w+:code><\/return>/)
  expect(plain(decodeXml(own, output!.element!, xml))).toEqual(json)
})
