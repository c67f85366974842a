import { expect, test } from '@jest/globals'
import { inspectContract } from '../src/cli/inspect-contract.ts'
import { typeScriptTypes } from '../src/cli/typescript-source.ts'
import { strictRules } from '../src/codec/decode-element.ts'
import type { Json } from '../src/codec/json.ts'
import { encodeMessage } from '../src/codec/message.ts'
import { createSchemaWriter } from '../src/rest-facade/json-schema.ts'
import { readEnvelope } from '../src/soap/read-envelope.ts'
import { writeEnvelope } from '../src/soap/write-envelope.ts'
import { compileFiles, plain } from './compile-schema.ts'

/** As Axis 1 and the SOAP toolkits of its time wrote it. */
const wsdl = `
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:old" targetNamespace="urn:old">
<types><xsd:schema targetNamespace="urn:old">
<xsd:complexType name="Line"><xsd:all><xsd:element name="sku" type="enc:string"/><xsd:element name="count" type="xsd:int"/><xsd:element name="price" type="xsd:decimal" minOccurs="0"/></xsd:all></xsd:complexType>
<xsd:complexType name="GiftLine"><xsd:complexContent><xsd:extension base="t:Line"><xsd:sequence><xsd:element name="card" type="xsd:string"/></xsd:sequence></xsd:extension></xsd:complexContent></xsd:complexType>
<xsd:complexType name="Lines"><xsd:complexContent><xsd:restriction base="enc:Array"><xsd:attribute ref="enc:arrayType" wsdl:arrayType="t:Line[]"/></xsd:restriction></xsd:complexContent></xsd:complexType>
<xsd:complexType name="Matrix"><xsd:complexContent><xsd:restriction base="enc:Array"><xsd:attribute ref="enc:arrayType" wsdl:arrayType="xsd:int[][]"/></xsd:restriction></xsd:complexContent></xsd:complexType>
<xsd:complexType name="Names"><xsd:complexContent><xsd:restriction base="enc:Array"><xsd:sequence><xsd:element name="name" type="xsd:string" maxOccurs="unbounded"/></xsd:sequence></xsd:restriction></xsd:complexContent></xsd:complexType>
<xsd:complexType name="Node"><xsd:sequence><xsd:element name="id" type="xsd:long"/><xsd:element name="next" type="t:Node" minOccurs="0"/></xsd:sequence></xsd:complexType>
</xsd:schema></types>
<message name="In"><part name="lines" type="t:Lines"/><part name="matrix" type="t:Matrix"/><part name="names" type="t:Names"/><part name="node" type="t:Node"/><part name="extra" type="xsd:anyType"/></message>
<message name="Out"><part name="return" type="t:Lines"/></message>
<portType name="P"><operation name="order"><input message="t:In"/><output message="t:Out"/></operation></portType>
<binding name="B" type="t:P"><soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/><operation name="order"><soap:operation soapAction=""/>
<input><soap:body use="encoded" namespace="urn:call" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"/></input><output><soap:body use="encoded" namespace="urn:call" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"/></output></operation></binding>
<service name="S"><port name="Port" binding="t:B"><soap:address location="http://h/"/></port></service></definitions>`

const { contract, diagnostics } = compileFiles({ 'old.wsdl': wsdl })
const operation = contract.operations.get('order')!

async function read(body: string): Promise<Json> {
  const xml = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:t="urn:old"><s:Body>${body}</s:Body></s:Envelope>`
  const content = await readEnvelope(xml, {
    contract,
    rules: () => strictRules,
    elementFor: name => (name === '{urn:call}order' ? operation.input : operation.output!),
  })
  return content.kind === 'message' ? plain(content.json) : null
}

const order = {
  lines: [
    { $type: 'Line', sku: 'A & <B>', count: 2, price: '10.50' },
    null,
    { $type: 'GiftLine', sku: '', count: 1, card: 'Für dich' },
  ],
  matrix: [[1, 2], [], null],
  names: ['one', null, ''],
  node: { id: '9007199254740993', next: { id: '2' } },
  extra: { $type: '{http://www.w3.org/2001/XMLSchema}int', $: 7 },
}

test('is supported, and what it loses is said', () => {
  expect(diagnostics).toEqual([])
  expect(inspectContract(contract, []).operations[0]).toMatchObject({
    use: 'encoded',
    fidelity: 'lossy',
    notes: [expect.stringContaining('referred to several times')],
  })
})

test('writes a message with the type of everything, and reads it back', async () => {
  const xml = encodeMessage(operation.input, order, contract)
  expect(xml).toContain('soap/encoding/"')
  expect(xml).toMatch(/<lines xsi:type="\w+:Lines" \w+:arrayType="\w+:Line\[3\]">/)
  expect(xml).toMatch(
    /<matrix xsi:type="\w+:Matrix" \w+:arrayType="\w+:int\[\]\[3\]"><item xsi:type="\w+:Array" \w+:arrayType="\w+:int\[2\]">/,
  )
  expect(xml).toMatch(/<count xsi:type="\w+:int">2<\/count>/)
  const body = /<s:Body>|<soap:Body>(.*)<\/soap:Body>/s.exec(writeEnvelope('1.1', xml))![1]!
  expect(await read(body)).toEqual(order)
})

test('refuses what is not of the contract, every problem by its pointer', () => {
  const wrong = { ...order, lines: [{ sku: 1, more: 2 }], names: 'x', extra: 5 }
  let problems: unknown
  try {
    encodeMessage(operation.input, wrong as Json, contract)
  } catch (error) {
    problems = (error as { details: { problems: { path: string }[] } }).details.problems.map(
      ({ path }) => path,
    )
  }
  expect(problems).toEqual(['/lines/0/more', '/lines/0/sku', '/lines/0/count', '/names', '/extra/$type'])
})

test('follows references across the Body, and reads accessors in any order', async () => {
  const json = await read(`
    <x:order xmlns:x="urn:call"><node href="#n"/><lines href="#l"/><extra xsi:type="xsd:string">e</extra>
      <matrix xsi:type="enc:Array" enc:arrayType="xsd:int[][1]"><a enc:arrayType="xsd:int[1]" xsi:type="enc:Array"><b>5</b></a></matrix>
      <names enc:arrayType="xsd:string[0]"/></x:order>
    <multiRef id="l" enc:root="0" xsi:type="enc:Array" enc:arrayType="t:Line[2]"><item href="#one"/><item href="#one"/></multiRef>
    <multiRef id="one" enc:root="0" xsi:type="t:Line"><count xsi:type="xsd:int">1</count><sku xsi:type="enc:string">A</sku></multiRef>
    <multiRef id="n" enc:root="0" xsi:type="t:Node"><id href="#i"/></multiRef>
    <multiRef id="i" enc:root="0" xsi:type="xsd:long">3</multiRef>`)
  const line = { $type: 'Line', sku: 'A', count: 1 }
  expect(json).toEqual({
    lines: [line, line],
    matrix: [[5]],
    names: [],
    node: { id: '3' },
    extra: { $type: '{http://www.w3.org/2001/XMLSchema}string', $: 'e' },
  })
})

test.each([0, 1, 3])('has an array for %d items, whatever the reply calls its wrapper', async count => {
  const items = '<item xsi:type="t:Line"><sku>A</sku><count>1</count></item>'.repeat(count)
  const json = await read(
    `<orderReturn><return enc:arrayType="t:Line[${count}]">${items}</return></orderReturn>`,
  )
  expect(json).toEqual({ return: Array(count).fill({ $type: 'Line', sku: 'A', count: 1 }) })
})

test('puts the items of a partial or sparse array where they belong', async () => {
  const item = (attribute: string) => `<i ${attribute}><sku>A</sku><count>1</count></i>`
  const line = { $type: 'Line', sku: 'A', count: 1 }
  expect(await read(`<r><return enc:offset="[1]">${item('')}</return></r>`)).toEqual({ return: [null, line] })
  expect(await read(`<r><return>${item('enc:position="[2]"')}${item('')}</return></r>`)).toEqual({
    return: [null, null, line, line],
  })
})

test.each([
  ['a cycle', '<r><return href="#a"/></r><m id="a"><item href="#a"/></m>', 'GRAPH_CYCLIC'],
  ['a reference to nothing', '<r><return href="#a"/></r>', 'MESSAGE_INVALID'],
  ['an id twice', '<r><return href="#a"/></r><m id="a"/><m id="a"/>', 'MESSAGE_INVALID'],
  [
    'an item far out',
    '<r><return><i xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" enc:position="[999999999]"/></return></r>',
    'MESSAGE_INVALID',
  ],
  ['an accessor that is not declared', '<r><other/></r>', 'MESSAGE_INVALID'],
  [
    'a text where a number is declared',
    '<r><return><i><sku>A</sku><count>x</count></i></return></r>',
    'MESSAGE_INVALID',
  ],
  [
    'references that multiply',
    `<r><return href="#a0"/></r>${[...Array(30).keys()].map(level => `<m id="a${level}">${`<i href="#a${level + 1}"/>`.repeat(10)}</m>`).join('')}<m id="a30"/>`,
    'MESSAGE_INVALID',
  ],
])('refuses %s', async (_what, body, code) => {
  await expect(read(body)).rejects.toMatchObject({ code })
})

test('is described in JSON Schema and TypeScript as it is', () => {
  const schemas = createSchemaWriter(contract)
  schemas.ofMessage(operation.output!)
  expect(JSON.stringify(schemas.components())).toContain('"return":{"type":"array"')
  expect(typeScriptTypes(contract)).toMatch(/return: \(.*Line.* \| null\)\[\]/)
})
