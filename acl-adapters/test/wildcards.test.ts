import { expect, test } from '@jest/globals'
import type { Json } from '../src/codec/json.ts'
import {
  codecFor,
  compileFiles,
  decodeXml,
  e,
  namespace,
  plain,
  schemaOf,
  sequence,
} from './compile-schema.ts'

const xsi = 'http://www.w3.org/2001/XMLSchema-instance'
const xs = 'http://www.w3.org/2001/XMLSchema'

/** Decodes, then encodes and decodes again: the law. */
function there(declarations: string, xml: string): Json {
  const { decode, encode } = codecFor(declarations)
  const json = decode(xml)
  expect(decode(encode(json))).toEqual(json)
  return plain(json)
}

test('carries elements no schema names as nodes, in their order', () => {
  const json = there(
    sequence(
      '<xs:element name="a" type="xs:int"/><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/>',
    ),
    e('<a>1</a><p:q xmlns:p="urn:p" k="v" p:l="w">one<b xmlns=""/>two</p:q><r/>'),
  )
  expect(json).toEqual({
    a: 1,
    $any: [
      {
        '#': '{urn:p}q',
        '@': { k: 'v', '{urn:p}l': 'w' },
        $: ['one', { '#': '{}b', '@': {}, $: [] }, 'two'],
      },
      { '#': `{${namespace}}r`, '@': {}, $: [] },
    ],
  })
})

test('decodes a known element by its schema where any may stand, and refuses one that is not of it', () => {
  const declarations = `${sequence('<xs:any processContents="lax" maxOccurs="3"/>')}<xs:element name="n" type="xs:int" nillable="true"/>`
  expect(there(declarations, e(`<n>7</n><n xsi:nil="true"/>`))).toEqual({
    $any: [
      { '#': `{${namespace}}n`, $: 7 },
      { '#': `{${namespace}}n`, $nil: true },
    ],
  })
  const refusal = expect.objectContaining({ code: 'MESSAGE_INVALID' })
  expect(() => codecFor(declarations).decode(e('<n>seven</n>'))).toThrow(refusal)
})

test('takes only the namespaces that a wildcard admits', () => {
  const { decode, encode } = codecFor(sequence('<xs:any namespace="##other" processContents="skip"/>'))
  expect(() => decode(e('<r/>'))).toThrow(/has an element r/)
  const node = { '#': `{${namespace}}r`, '@': {}, $: [] }
  expect(() => encode({ $any: [node] })).toThrow(/namespace that may not stand here/)
})

test.each<[string, Json]>([
  ['a name that would be markup', { '#': '{urn:p}q><evil', '@': {}, $: [] }],
  [
    'an attribute that would declare a prefix',
    { '#': '{urn:p}q', '@': { '{http://www.w3.org/2000/xmlns/}x': 'u' }, $: [] },
  ],
  ['an attribute name with a space', { '#': '{urn:p}q', '@': { 'a b': 'u' }, $: [] }],
  ['raw XML', '<q/>'],
  ['a control character', { '#': '{urn:p}q', '@': {}, $: ['\u0001'] }],
])('refuses %s in a node', (_what, node) => {
  const { encode } = codecFor(sequence('<xs:any processContents="lax"/>'))
  expect(() => encode({ $any: [node] })).toThrow(expect.objectContaining({ code: 'VALUE_REFUSED' }))
})

test('keeps attributes that only anyAttribute lets in', () => {
  const declarations = sequence('<xs:element name="a" type="xs:int"/>', '<xs:anyAttribute/>')
  expect(there(declarations, e('<a>1</a>', 'p:k="v" xmlns:p="urn:p" l="w"'))).toEqual({
    a: 1,
    '@*': { '{urn:p}k': 'v', l: 'w' },
  })
})

test('keeps text and elements of mixed content in their order', () => {
  const declarations =
    '<xs:element name="e"><xs:complexType mixed="true"><xs:sequence><xs:element name="b" type="xs:int" maxOccurs="2"/><xs:element name="c" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>'
  expect(there(declarations, e('x <b>1</b> y<b>2</b><c>z</c>'))).toEqual({
    $mixed: ['x ', { b: 1 }, ' y', { b: 2 }, { c: 'z' }],
  })
  expect(() => codecFor(declarations).encode({ $mixed: ['x'] })).toThrow(/ends too early/)
  expect(() => codecFor(declarations).encode({ $mixed: [{ c: 'z' }] })).toThrow(/may stand here/)
})

test('carries anyType as a node, and by its type where xsi:type names one', () => {
  const declarations = `${sequence('<xs:element name="v" maxOccurs="9" nillable="true"/>')}<xs:complexType name="P"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType>`
  const xml = e(
    `<v>text<z/></v><v xsi:type="s:long" xmlns:s="${xs}">12</v><v xsi:type="P"><x>1</x></v><v xsi:nil="true"/><v xsi:type="u:U" xmlns:u="urn:u"/>`,
  )
  expect(there(declarations, xml)).toEqual({
    v: [
      { '@': {}, $: ['text', { '#': `{${namespace}}z`, '@': {}, $: [] }] },
      { $type: `{${xs}}long`, $: '12' },
      { $type: `{${namespace}}P`, x: 1 },
      null,
      { '@': { [`{${xsi}}type`]: '{urn:u}U' }, $: [] },
    ],
  })
})

test('takes a member of a substitution group for its head, and says which', () => {
  const declarations = `${sequence('<xs:element ref="t:head" maxOccurs="9"/>')}<xs:element name="head" type="t:B" abstract="true"/><xs:element name="one" type="t:D" substitutionGroup="t:head"/><xs:element name="two" substitutionGroup="t:one"/><xs:complexType name="B"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType><xs:complexType name="D"><xs:complexContent><xs:extension base="t:B"><xs:sequence><xs:element name="y" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>`
  expect(there(declarations, e('<one><x>1</x><y>2</y></one><two><x>3</x><y>4</y></two>'))).toEqual({
    head: [
      { $element: `{${namespace}}one`, x: 1, y: 2 },
      { $element: `{${namespace}}two`, x: 3, y: 4 },
    ],
  })
  const { decode, encode } = codecFor(declarations)
  expect(() => decode(e('<head><x>1</x></head>'))).toThrow(
    expect.objectContaining({ code: 'MESSAGE_INVALID' }),
  )
  expect(() => encode({ head: [{ x: 1 }] })).toThrow(/abstract element/)
})

test('a redefined type is the one that everybody refers to, and extends what it was', () => {
  const { contract } = compileFiles({
    'a.xsd': schemaOf(
      '<xs:redefine schemaLocation="b.xsd"><xs:complexType name="P"><xs:complexContent><xs:extension base="t:P"><xs:sequence><xs:element name="y" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType></xs:redefine>',
    ),
    'b.xsd': schemaOf(
      '<xs:complexType name="P"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType><xs:element name="e" type="t:P"/>',
    ),
  })
  const element = contract.elements.get(`{${namespace}}e`)!
  expect(plain(decodeXml(contract, element, e('<x>1</x><y>2</y>')))).toEqual({ x: 1, y: 2 })
})
