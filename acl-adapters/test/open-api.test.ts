import { expect, test } from '@jest/globals'
import { customersRest } from '../adapters/customers/customers-rest.ts'
import { loadContract } from '../src/contract/load-contract.ts'
import { createSchemaWriter } from '../src/rest-facade/json-schema.ts'
import { openApiDocument } from '../src/rest-facade/open-api.ts'
import { compileSchema, namespace, sequence } from './compile-schema.ts'
import { shopWsdl } from './shop-fixtures.ts'

type Any = { [key: string]: Any } & { [index: number]: Any }

const { contract } = loadContract(shopWsdl)
const document = openApiDocument(contract, [customersRest]) as unknown as Any

test('describes every operation under /rpc and every resource of the mapping', () => {
  const paths = Object.keys(document.paths!)
  expect(paths.filter(path => path.startsWith('/rpc/'))).toHaveLength(17)
  expect(paths.filter(path => !path.startsWith('/rpc/')).sort()).toEqual([
    '/customers',
    '/customers/{id}',
    '/customers/{id}/credit-limit',
    '/customers/{id}/notes',
    '/customers/{id}/status',
  ])
  expect(document.paths!['/customers/{id}']!.patch!['x-soap']).toMatchObject({
    service: 'ShopService',
    operation: 'UpdateCustomer',
    action: 'urn:shop:2009#UpdateCustomer',
    style: 'document',
  })
})

test('refers to nothing that is not there', () => {
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)
  const names = new Set([...references].map(match => match[1]!))
  expect(names.size).toBeGreaterThan(20)
  for (const name of names) expect(document.components!.schemas).toHaveProperty([name])
})

test('describes types, bounds and facets', () => {
  expect(document.components!.schemas!.Customer).toMatchObject({
    type: 'object',
    additionalProperties: false,
    required: ['custNo', 'name', 'email', 'creditLimit', 'statusCode', 'vip', 'openedAt', 'changedAt'],
    properties: {
      custNo: { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647, 'x-xsd': 'int' },
      email: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      creditLimit: { type: 'string', 'x-xsd': 'decimal' },
      statusCode: { type: 'string', enum: ['A', 'S', 'C'] },
    },
  })
  expect(document.components!.schemas!.FindCustomers).toMatchObject({
    properties: { maxRows: { minimum: 1, maximum: 500 } },
  })
})

const schemaOfElement = (declarations: string) => {
  const compiled = compileSchema(declarations).contract
  const writer = createSchemaWriter(compiled)
  writer.ofElement(compiled.elements.get(`{${namespace}}e`)!)
  return writer.components() as unknown as Any
}

test('describes a choice as exactly one of its branches', () => {
  const { e } = schemaOfElement(
    sequence(
      '<xs:choice><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/></xs:choice>',
    ),
  )
  expect(e!.allOf).toEqual([{ oneOf: [{ required: ['a'] }, { required: ['b'] }] }])
})

test('describes repeated groups, simple content, recursion and derived types', () => {
  const components = schemaOfElement(
    `<xs:complexType name="N"><xs:sequence><xs:element name="n" type="t:N" minOccurs="0"/></xs:sequence></xs:complexType>
     <xs:complexType name="M"><xs:complexContent><xs:extension base="t:N"><xs:attribute name="a" type="xs:int"/></xs:extension></xs:complexContent></xs:complexType>
     ${sequence('<xs:sequence maxOccurs="unbounded"><xs:element name="k" type="xs:boolean"/></xs:sequence><xs:element name="n" type="t:N"/>')}`,
  )
  expect(components.e).toMatchObject({
    required: ['$group', 'n'],
    properties: {
      $group: { type: 'array', minItems: 1, items: { required: ['k'] } },
      n: { $ref: '#/components/schemas/N' },
    },
  })
  expect(components.N).toMatchObject({
    oneOf: [
      { properties: { $type: { const: 'N' } } },
      { required: ['$type'], properties: { $type: { const: 'M' } } },
    ],
  })
})

test('describes enumerations of numbers by their values, whatever their spelling', () => {
  const { e } = schemaOfElement(
    sequence(
      '<xs:element name="n"><xs:simpleType><xs:restriction base="xs:int"><xs:enumeration value="01"/></xs:restriction></xs:simpleType></xs:element><xs:element name="d"><xs:simpleType><xs:restriction base="xs:decimal"><xs:enumeration value="1.0"/><xs:fractionDigits value="2"/></xs:restriction></xs:simpleType></xs:element>',
    ),
  )
  expect(e!.properties).toMatchObject({ n: { enum: [1] }, d: { enum: ['1.0'] } })
  expect('12.34').toMatch(new RegExp(String(e!.properties!.d!.pattern)))
  expect('12.345').not.toMatch(new RegExp(String(e!.properties!.d!.pattern)))
})
