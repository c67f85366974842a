import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { loadContract } from '../src/contract/load-contract.ts'
import {
  codecFor,
  compileFiles,
  compileSchema,
  decodeXml,
  namespace,
  plain,
  schemaOf,
} from './compile-schema.ts'

const shop = fileURLToPath(new URL('../../legacy-monolith/wsdl/shop.wsdl', import.meta.url))

const wsdl = (
  parts: Partial<Record<'types' | 'messages' | 'operation' | 'binding' | 'service', string>> = {},
) => `
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="${namespace}" targetNamespace="${namespace}">
<wsdl:types>${parts.types ?? schemaOf('<xs:element name="Ping" type="xs:int"/><xs:element name="PingResponse"><xs:complexType/></xs:element>')}</wsdl:types>
<wsdl:message name="In"><wsdl:part name="p" element="t:Ping"/></wsdl:message><wsdl:message name="Out"><wsdl:part name="p" element="t:PingResponse"/></wsdl:message>${parts.messages ?? ''}
<wsdl:portType name="P">${parts.operation ?? '<wsdl:operation name="Ping"><wsdl:input message="t:In"/><wsdl:output message="t:Out"/></wsdl:operation>'}</wsdl:portType>
${parts.binding ?? '<wsdl:binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><wsdl:operation name="Ping"><soap:operation soapAction="urn:ping"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>'}
<wsdl:service name="S">${parts.service ?? '<wsdl:port name="Port" binding="t:B"><soap:address location="http://h/"/></wsdl:port>'}</wsdl:service>
</wsdl:definitions>`

const errorsOf = (run: () => unknown): { path: string; message: string }[] => {
  try {
    run()
  } catch (error) {
    const { code, details } = error as {
      code: string
      details: { problems: { path: string; message: string }[] }
    }
    expect(code).toBe('CONTRACT_INVALID')
    return details.problems
  }
  return []
}

test('compiles the WSDL of the sample with its four schemas and nothing to report', () => {
  const { contract, diagnostics } = loadContract(shop)
  expect(diagnostics).toEqual([])
  expect(contract.operations.size).toBe(17)
  expect(contract.documents.map(({ path }) => path)).toEqual([
    'shop.wsdl',
    'common.xsd',
    'customers.xsd',
    'catalog.xsd',
    'orders.xsd',
  ])
  const update = contract.operations.get('UpdateCustomer')!
  expect(update.input.element?.name).toBe('{urn:shop:2009:customers}UpdateCustomer')
  expect(update.actions.get('1.1')).toBe('urn:shop:2009#UpdateCustomer')
  expect(update.faults.map(({ name }) => name)).toEqual(['CustomerNotFound', 'ValidationFault'])
  expect([...contract.operations.values()].flatMap(({ unsupported }) => unsupported)).toEqual([])
})

test('recognises SOAP 1.2 bindings and an operation bound to both versions', () => {
  const binding = (name: string, prefix: string) =>
    `<wsdl:binding name="${name}" type="t:P"><${prefix}:binding/><wsdl:operation name="Ping"><${prefix}:operation soapAction="urn:ping"/><wsdl:input><${prefix}:body use="literal"/></wsdl:input></wsdl:operation></wsdl:binding>`
  const { contract } = compileFiles({
    'a.wsdl': wsdl({
      binding: binding('B', 'soap') + binding('B12', 'soap12'),
      service: '<wsdl:port name="A" binding="t:B"/><wsdl:port name="C" binding="t:B12"/>',
    }),
  })
  expect([...contract.operations.get('Ping')!.actions]).toEqual([
    ['1.1', 'urn:ping'],
    ['1.2', 'urn:ping'],
  ])
})

const operationWith = (binding: string, types?: string) =>
  compileFiles({
    'a.wsdl': wsdl({
      binding: `<wsdl:binding name="B" type="t:P"><soap:binding/>${binding}</wsdl:binding>`,
      ...(types === undefined ? {} : { types }),
    }),
  }).contract.operations.get('Ping')!

test.each([
  [
    '<wsdl:operation name="Ping"><wsdl:input><soap:body use="encoded"/></wsdl:input></wsdl:operation>',
    /encoded/,
  ],
])('lists an operation it does not support, with the reason and the place', (binding, reason) => {
  const { unsupported } = operationWith(binding)
  expect(unsupported[0]).toMatch(reason)
  expect(unsupported[0]).toMatch(/a\.wsdl:\d+/)
})

test.each([
  [
    'an undeclared type',
    { types: schemaOf('<xs:element name="Ping" type="t:Nope"/><xs:element name="PingResponse"/>') },
    /\{urn:test\}Nope is not declared/,
  ],
  [
    'a missing message',
    { operation: '<wsdl:operation name="Ping"><wsdl:input message="t:Nope"/></wsdl:operation>' },
    /input message of Ping is not declared/,
  ],
])('keeps an operation apart that cannot be called for %s', (_what, parts, reason) => {
  const { contract, diagnostics } = compileFiles({ 'a.wsdl': wsdl(parts) })
  expect(contract.operations.get('Ping')?.unsupported.join()).toMatch(reason)
  expect(diagnostics[0]?.severity).toBe('unsupported')
})

test('leaves out a port whose binding is missing, and says where', () => {
  const { contract, diagnostics } = compileFiles({
    'a.wsdl': wsdl({ service: '<wsdl:port name="P" binding="t:Nope"/>' }),
  })
  expect(contract.operations.size).toBe(0)
  expect(diagnostics[0]).toMatchObject({ file: 'a.wsdl', message: 'binding t:Nope is not declared' })
})

test('takes a schema whose content is ambiguous for unsupported', () => {
  const { encode } = codecFor(
    '<xs:element name="e"><xs:complexType><xs:choice><xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence><xs:sequence><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/></xs:sequence></xs:choice></xs:complexType></xs:element>',
  )
  expect(() => encode({ a: 1 })).toThrow(expect.objectContaining({ code: 'CONSTRUCT_UNSUPPORTED' }))
})

test('inlines groups and attribute groups, wherever they are declared', () => {
  const { decode } = codecFor(
    '<xs:element name="e"><xs:complexType><xs:sequence><xs:group ref="t:G" minOccurs="0" maxOccurs="unbounded"/></xs:sequence><xs:attributeGroup ref="t:A"/></xs:complexType></xs:element><xs:group name="G"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:group><xs:attributeGroup name="A"><xs:attribute name="y" type="xs:int"/></xs:attributeGroup>',
  )
  expect(plain(decode(`<e xmlns="${namespace}" y="1"><x>1</x><x>2</x></e>`))).toEqual({
    '@y': 1,
    $group: [{ x: 1 }, { x: 2 }],
  })
})

test('follows imports and includes once each, a chameleon under the namespace of its includer', () => {
  const { contract, diagnostics } = compileFiles({
    'main.xsd': schemaOf(
      '<xs:include schemaLocation="sub\\chameleon.xsd"/><xs:import namespace="urn:b" schemaLocation="b.xsd"/><xs:element name="e"><xs:complexType><xs:sequence><xs:element name="c" type="t:C"/><xs:element xmlns:b="urn:b" ref="b:x"/></xs:sequence></xs:complexType></xs:element>',
    ),
    'sub/chameleon.xsd':
      '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="../sub/chameleon.xsd"/><xs:complexType name="C"><xs:sequence><xs:element name="d" type="D"/></xs:sequence></xs:complexType><xs:simpleType name="D"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>',
    'b.xsd':
      '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:b"><xs:import namespace="urn:test" schemaLocation="main.xsd"/><xs:element name="x" type="xs:int"/></xs:schema>',
  })
  expect(diagnostics).toEqual([])
  const element = contract.elements.get(`{${namespace}}e`)!
  const xml = `<e xmlns="${namespace}"><c><d xmlns="">1</d></c><x xmlns="urn:b">2</x></e>`
  expect(plain(decodeXml(contract, element, xml))).toEqual({ c: { d: 1 }, x: 2 })
})

test.each([['http://schemas.example/x.xsd'], ['file:///etc/passwd'], ['//host/x.xsd']])(
  'fetches nothing from %s and says so',
  location => {
    const { diagnostics } = compileSchema(
      `<xs:import namespace="urn:x" schemaLocation="${location}"/><xs:element name="e" type="xs:int"/>`,
    )
    expect(diagnostics).toEqual([
      expect.objectContaining({
        severity: 'warning',
        file: 'test.xsd',
        line: 1,
        message: expect.stringMatching(/is not fetched/),
      }),
    ])
  },
)

test.each([
  ['no XML', 'hello', /not well-formed/],
  ['a DOCTYPE', '<!DOCTYPE x><x/>', /document type declaration/],
  ['HTML', '<html/>', /expected wsdl:definitions or xs:schema/],
  ['an undeclared prefix', schemaOf('<xs:element name="e" type="zz:Nope"/>'), /prefix of zz:Nope/],
  ['a type twice', schemaOf('<xs:complexType name="A"/>\n<xs:complexType name="A"/>'), /second time/],
  [
    'a type derived from itself',
    schemaOf('<xs:simpleType name="A"><xs:restriction base="t:A"/></xs:simpleType>'),
    /derived from itself/,
  ],
  [
    'a group within itself',
    schemaOf(
      '<xs:group name="G"><xs:sequence><xs:group ref="t:G"/></xs:sequence></xs:group><xs:element name="e"><xs:complexType><xs:group ref="t:G"/></xs:complexType></xs:element>',
    ),
    /contains itself/,
  ],
  ['xs:override', schemaOf('<xs:override schemaLocation="x.xsd"/>'), /override is of XSD 1\.1/],
])('says file, line and what is wrong with %s', (_what, text, message) => {
  const problems = errorsOf(() => compileFiles({ 'a.wsdl': text }))
  expect(problems[0]?.message).toMatch(message)
  expect(problems[0]?.path).toMatch(/^a\.wsdl:\d+$/)
})

test('names the file and line of a missing import', () => {
  const problems = errorsOf(() =>
    compileFiles({ 'a.xsd': schemaOf('\n\n<xs:include schemaLocation="b.xsd"/>') }),
  )
  expect(problems).toEqual([
    { path: 'a.xsd:3', line: 3, message: expect.stringMatching(/cannot read b\.xsd/) },
  ])
})

test('reports a WSDL that does not exist', () => {
  expect(errorsOf(() => loadContract('/nowhere/x.wsdl'))[0]?.message).toMatch(/cannot read x\.wsdl: .*ENOENT/)
})

test('reports constraints that are not checked', () => {
  const { diagnostics } = compileSchema(
    '<xs:element name="e"><xs:simpleType><xs:restriction base="xs:date"><xs:minInclusive value="2024-01-01"/></xs:restriction></xs:simpleType></xs:element>',
  )
  expect(diagnostics).toEqual([
    expect.objectContaining({ severity: 'warning', message: 'minInclusive of date is not checked' }),
  ])
})

test('compiles 2,000 types in well under a second', () => {
  const types = Array.from(
    { length: 2_000 },
    (_, i) =>
      `<xs:complexType name="T${i}"><xs:sequence><xs:element name="next" type="t:T${(i + 1) % 2_000}" minOccurs="0"/>${'<xs:element name="a" type="xs:string"/>'.repeat(8)}</xs:sequence></xs:complexType>`,
  )
  const began = performance.now()
  expect(compileSchema(types.join('')).contract.types.size).toBe(2_000)
  expect(performance.now() - began).toBeLessThan(1_000)
})
