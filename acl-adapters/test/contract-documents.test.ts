import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import { encodeElement } from '../src/codec/encode-element.ts'
import { knownNamespaces, knownSchema } from '../src/contract/known-schemas.ts'
import { compileContract, loadContract } from '../src/contract/load-contract.ts'
import { compileFiles, decodeXml, namespace, plain, schemaOf } from './compile-schema.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** `top/wsdl/a.xsd` imports `../shared/b.xsd`. */
function newTree(location = '../shared/b.xsd'): { top: string; a: string } {
  const top = mkdtempSync(join(tmpdir(), 'contract-'))
  folders.push(top)
  mkdirSync(join(top, 'wsdl'))
  mkdirSync(join(top, 'shared'))
  const a = join(top, 'wsdl', 'a.xsd')
  writeFileSync(a, schemaOf(`<xs:import namespace="urn:b" schemaLocation="${location}"/>`))
  writeFileSync(
    join(top, 'shared', 'b.xsd'),
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:b"><xs:element name="b" type="xs:int"/></xs:schema>',
  )
  return { top, a }
}

function problemsOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isToolkitError(error, 'CONTRACT_INVALID')) return error.message
    throw error
  }
  return ''
}

test('reads nothing outside the folder of the WSDL, unless a folder above is named', () => {
  const { top, a } = newTree()
  expect(problemsOf(() => loadContract(a))).toMatch(/a\.xsd:1.*outside the folder of the WSDL.*--root/)
  expect(loadContract(a, top).contract.elements.has('{urn:b}b')).toBe(true)
})

test('follows no link out of the folder', () => {
  const { top, a } = newTree('b.xsd')
  symlinkSync(join(top, 'shared', 'b.xsd'), join(top, 'wsdl', 'b.xsd'))
  expect(problemsOf(() => loadContract(a))).toMatch(/outside the folder/)
  expect(problemsOf(() => loadContract(a, top))).toBe('')
})

test('takes a WSDL that is a link itself', () => {
  const { top, a } = newTree('b.xsd')
  const link = join(top, 'link.xsd')
  symlinkSync(a, link)
  writeFileSync(join(top, 'b.xsd'), schemaOf('', '').replaceAll(namespace, 'urn:b'))
  expect(problemsOf(() => loadContract(link))).toBe('')
})

test.each(knownNamespaces)('carries a schema of %s that compiles by itself', known => {
  const { file, text } = knownSchema(known)
  const { contract, diagnostics } = compileContract(file, () => text)
  expect(diagnostics).toEqual([])
  expect(text).toContain(`targetNamespace="${known}"`)
  expect(contract.documents).toHaveLength(1)
})

test('has a file for each known schema and no other', () => {
  const files = knownNamespaces.map(known => knownSchema(known).file.replace('(known) ', ''))
  expect(readdirSync(join(import.meta.dirname, '../schemas')).sort()).toEqual(files.sort())
})

const addressing = 'http://www.w3.org/2005/08/addressing'

test.each([
  ['by an address on the network', `schemaLocation="${addressing}/ws-addr.xsd"`],
  ['without an address', ''],
  ['by a file that is not there', 'schemaLocation="ws-addr.xsd"'],
])('knows WS-Addressing imported %s', (_how, location) => {
  const { contract, diagnostics } = compileFiles({
    'a.xsd': schemaOf(
      `<xs:import namespace="${addressing}" ${location}/><xs:element name="e"><xs:complexType><xs:sequence><xs:element ref="a:EndpointReference"/></xs:sequence></xs:complexType></xs:element>`,
      `elementFormDefault="qualified" xmlns:a="${addressing}"`,
    ),
  })
  expect(diagnostics).toEqual([])
  const element = contract.elements.get(`{${namespace}}e`)!
  const xml = `<e xmlns="${namespace}"><EndpointReference xmlns="${addressing}"><Address>urn:x</Address></EndpointReference></e>`
  expect(plain(decodeXml(contract, element, xml))).toEqual({
    EndpointReference: { Address: { $: 'urn:x' }, $any: [] },
  })
  expect(contract.documents.map(({ path }) => path)).toEqual(['a.xsd'])
})

test('prefers the copy beside the WSDL to its own', () => {
  const own = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="${addressing}"><xs:element name="Own" type="xs:int"/></xs:schema>`
  const { contract } = compileFiles({
    'a.xsd': schemaOf(`<xs:import namespace="${addressing}" schemaLocation="own.xsd"/>`),
    'own.xsd': own,
  })
  expect(contract.elements.has(`{${addressing}}Own`)).toBe(true)
  expect(contract.elements.has(`{${addressing}}To`)).toBe(false)
})

test('warns of an address that is not known, and fetches nothing', () => {
  const { diagnostics } = compileFiles({
    'a.xsd': schemaOf('<xs:import namespace="urn:other" schemaLocation="http://127.0.0.1:1/x.xsd"/>'),
  })
  expect(diagnostics).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('not fetched') },
  ])
})

test('writes elements of a schema that claims the instance namespace with the prefix that is declared', () => {
  const instance = 'http://www.w3.org/2001/XMLSchema-instance'
  const { contract } = compileFiles({
    'a.xsd': `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="${instance}" elementFormDefault="qualified"><xs:element name="e"><xs:complexType><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType></xs:element></xs:schema>`,
  })
  const element = contract.elements.get(`{${instance}}e`)!
  const xml = encodeElement(element, { x: 1 }, contract)
  expect(plain(decodeXml(contract, element, xml))).toEqual({ x: 1 })
})
