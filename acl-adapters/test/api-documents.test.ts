import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { clientGuide } from '../src/cli/client-guide.ts'
import { encodeMessage } from '../src/codec/message.ts'
import { docsPage, docsPolicy } from '../src/rest-facade/docs-page.ts'
import { exampleOfMessage } from '../src/rest-facade/example-value.ts'
import { openApiDocument } from '../src/rest-facade/open-api.ts'
import { compileFiles, plain, schemaOf } from './compile-schema.ts'
import { useRestHarness } from './rest-harness.ts'
import { contract } from './soap-harness.ts'

const rest = useRestHarness()

test('has an example for every message of the shop, which can be sent as it stands', () => {
  for (const { input, output } of contract.operations.values())
    for (const message of [input, output!]) {
      const example = exampleOfMessage(message, contract)
      expect({ message: message.name, example }).toMatchObject({ example: expect.anything() })
      encodeMessage(message, example!, contract)
    }
  expect(plain(exampleOfMessage(contract.operations.get('PlaceOrder')!.input, contract)!)).toEqual({
    custNo: 1,
    line: [{ sku: 'text', quantity: 1 }],
  })
})

const messages = (declarations: string) =>
  compileFiles({
    'a.wsdl': `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:t="urn:test" targetNamespace="urn:test"><types>${schemaOf(declarations)}</types>
<message name="M"><part name="p" element="t:e"/></message><portType name="P"><operation name="Op"><input message="t:M"/></operation></portType>
<binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Op"><soap:operation soapAction="&lt;script>"/><input><soap:body use="literal"/></input></operation></binding>
<service name="S&quot;&gt;&lt;script&gt;"><port name="Port" binding="t:B"/></service></definitions>`,
  }).contract

test('ends an example of a type within itself, and gives none that could not be sent', () => {
  const recursive = messages(
    '<xs:complexType name="N"><xs:sequence><xs:element name="n" type="t:N" minOccurs="0" maxOccurs="unbounded"/><xs:element name="v" type="xs:int"/></xs:sequence></xs:complexType><xs:element name="e" type="t:N"/>',
  )
  expect(exampleOfMessage(recursive.operations.get('Op')!.input, recursive)).toBeDefined()
  const patterned = messages(
    '<xs:element name="e"><xs:complexType><xs:sequence><xs:element name="v"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[A-Z]{3}-[0-9]+"/></xs:restriction></xs:simpleType></xs:element></xs:sequence></xs:complexType></xs:element>',
  )
  expect(exampleOfMessage(patterned.operations.get('Op')!.input, patterned)).toBeUndefined()
})

test('shows examples and effects in OpenAPI', () => {
  const { paths } = openApiDocument(contract, [], ['GetCustomer'])
  const content = paths['/rpc/GetCustomer']!.post!.requestBody!.content!
  expect(content['application/json']!.example).toEqual({ custNo: 1 })
  expect(content['application/xml']!.example).toMatch(/GetCustomer.*custNo>1</s)
  expect(paths['/rpc/GetCustomer']!.post!['x-effect']).toBe('read')
  expect(paths['/rpc/CreateCustomer']!.post!['x-effect']).toBe('write')
})

test('serves a page for people that runs no script, loads nothing, and allows its style by hash', async () => {
  const response = await fetch(`${rest.adapters.restUrl}/docs`)
  const html = await response.text()
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  const policy = response.headers.get('content-security-policy')!
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-/)
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!
  expect(policy).toContain(createHash('sha256').update(style).digest('base64'))
  expect(html).not.toMatch(/<script|\son\w+=|\sstyle=|<link|<img|https?:\/\/(?!www\.w3)[^"]*"\s*>/i)
  for (const text of ['/customers/{id}', '/rpc/PlaceOrder', 'OutOfStock']) expect(html).toContain(text)
})

test('writes nothing of the WSDL as markup', () => {
  const html = docsPage(openApiDocument(messages('<xs:element name="e" type="xs:string"/>'), []))
  expect(html).not.toContain('<script')
  expect(html).toContain('&lt;script')
  expect(docsPolicy).not.toContain('unsafe')
})

test('says how the generated client is used, operation by operation', () => {
  const guide = clientGuide(contract)
  expect(guide).toContain("createClient('http://127.0.0.1:8080')")
  expect(guide).toMatch(/### PlaceOrder[\s\S]*await client\.PlaceOrder\(\{[\s\S]*"sku": "text"/)
  expect(guide).toContain('Faults: `CustomerNotFound`, `CreditExceeded`, `OutOfStock`, `ValidationFault`.')
})
