import { expect, test } from '@jest/globals'
import type { Json } from '../src/codec/json.ts'
import { codecFor, e, plain } from './compile-schema.ts'

const typed = (type: string) => codecFor(`<xs:element name="e" type="${type}"/>`)
const restricted = (base: string, facets: string) =>
  codecFor(
    `<xs:element name="e"><xs:simpleType><xs:restriction base="${base}">${facets}</xs:restriction></xs:simpleType></xs:element>`,
  )

const forms: readonly [type: string, text: string, json: Json, written?: string][] = [
  ['xs:string', '  a  b ', '  a  b '],
  ['xs:normalizedString', ' a\tb\n', ' a b ', ' a b '],
  ['xs:token', '  a \n b ', 'a b', 'a b'],
  ['xs:boolean', ' 1 ', true, 'true'],
  ['xs:boolean', 'false', false],
  ['xs:int', ' 0042 ', 42, '42'],
  ['xs:byte', '-128', -128],
  ['xs:unsignedInt', '4294967295', 4_294_967_295],
  ['xs:long', '9223372036854775807', '9223372036854775807'],
  ['xs:unsignedLong', '18446744073709551615', '18446744073709551615'],
  ['xs:integer', '123456789012345678901234567890', '123456789012345678901234567890'],
  ['xs:decimal', '12345678901234567.890', '12345678901234567.890'],
  ['xs:decimal', '-.50', '-.50'],
  ['xs:double', '-INF', '-INF'],
  ['xs:double', '1.5E3', 1500, '1500'],
  ['xs:double', ' NaN', 'NaN', 'NaN'],
  ['xs:dateTime', '2024-02-29T24:00:00', '2024-02-29T24:00:00'],
  ['xs:dateTime', '-0044-03-15T12:00:00.123456789+14:00', '-0044-03-15T12:00:00.123456789+14:00'],
  ['xs:date', '2024-01-15+05:00', '2024-01-15+05:00'],
  ['xs:time', '02:30:00', '02:30:00'],
  ['xs:duration', 'P1Y2M3DT4H5M6.7S', 'P1Y2M3DT4H5M6.7S'],
  ['xs:gYearMonth', '2024-02', '2024-02'],
  ['xs:base64Binary', 'aGVs\n bG8=', 'aGVsbG8=', 'aGVsbG8='],
  ['xs:hexBinary', '0aFF', '0aFF'],
  ['xs:anyURI', ' http://a/b ', 'http://a/b', 'http://a/b'],
  ['xs:NMTOKENS', ' a  b-1 ', ['a', 'b-1'], 'a b-1'],
]

test.each(forms.map(([type, text, json, written]) => [type, text, json, written ?? text] as const))(
  'reads %s %j as %j',
  (type, text, json, written) => {
    const { decode, encode } = typed(type)
    expect(plain(decode(e(text)))).toEqual(json)
    expect(plain(decode(encode(json)))).toEqual(json)
    expect(encode(json)).toContain(`>${written}</`)
  },
)

test.each([
  ['xs:boolean', 'yes'],
  ['xs:boolean', 'TRUE'],
  ['xs:int', '2147483648'],
  ['xs:int', '1.0'],
  ['xs:byte', '128'],
  ['xs:unsignedByte', '-1'],
  ['xs:long', '9223372036854775808'],
  ['xs:positiveInteger', '0'],
  ['xs:integer', '1'.repeat(1_001)],
  ['xs:decimal', '1e3'],
  ['xs:decimal', ''],
  ['xs:decimal', '1,5'],
  ['xs:double', '1e400'],
  ['xs:double', 'Infinity'],
  ['xs:dateTime', '2023-02-29T00:00:00'],
  ['xs:dateTime', '2024-01-15'],
  ['xs:dateTime', '2024-01-15T25:00:00Z'],
  ['xs:date', '2100-02-29'],
  ['xs:duration', 'P'],
  ['xs:base64Binary', 'abc'],
  ['xs:hexBinary', 'abc'],
  ['xs:NMTOKENS', ''],
  ['xs:QName', 'nowhere:x'],
])('refuses %s %j', (type, text) => {
  expect(() => typed(type).decode(e(text))).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }))
})

test.each<[string, Json]>([
  ['xs:int', '1'],
  ['xs:int', 1.5],
  ['xs:int', 2 ** 31],
  ['xs:long', 2 ** 53],
  ['xs:long', 1e21],
  ['xs:decimal', 1e21],
  ['xs:decimal', 0.1 + 0.2],
  ['xs:decimal', '1e3'],
  ['xs:double', 'x'],
  ['xs:boolean', 'true'],
  ['xs:string', 1],
  ['xs:string', {}],
  ['xs:string', []],
  ['xs:string', 'a\u0000b'],
  ['xs:string', 'a\u000bb'],
  ['xs:string', '\ud800'],
  ['xs:string', '\uffff'],
  ['xs:dateTime', '2024-01-15T12:00:00Z<x/>'],
  ['xs:NMTOKENS', ['a b']],
  ['xs:NMTOKENS', 'a'],
  ['xs:QName', 'a:b'],
  ['xs:QName', '{urn:x}a b'],
])('refuses to write %s from %j', (type, json) => {
  expect(() => typed(type).encode(json)).toThrow(expect.objectContaining({ code: 'VALUE_REFUSED' }))
})

test('takes numbers where they are exact', () => {
  expect(typed('xs:decimal').encode(10.5)).toContain('>10.5<')
  expect(typed('xs:long').encode(2 ** 53 - 1)).toContain('>9007199254740991<')
  expect(typed('xs:int').encode(-0)).toContain('>0<')
})

test('carries a QName by its namespace and binds a prefix for it', () => {
  const { decode, encode } = typed('xs:QName')
  expect(decode(e(' p:name ', 'xmlns:p="urn:p"'))).toBe('{urn:p}name')
  expect(decode(encode('{urn:p}name'))).toBe('{urn:p}name')
  expect(decode(encode('{}name').replace('>', ' xmlns="">'))).toBe('{}name')
})

test.each<[base: string, facets: string, good: string[], bad: string[]]>([
  ['xs:string', '<xs:enumeration value="A"/><xs:enumeration value="B"/>', ['A', 'B'], ['a', '', ' A']],
  ['xs:decimal', '<xs:enumeration value="1.0"/>', ['1.0', '1', '+1.00'], ['1.1']],
  ['xs:string', '<xs:minLength value="1"/><xs:maxLength value="2"/>', ['a', '😀😀'], ['', 'abc']],
  ['xs:hexBinary', '<xs:length value="2"/>', ['0a0b'], ['0a']],
  [
    'xs:decimal',
    '<xs:totalDigits value="4"/><xs:fractionDigits value="2"/>',
    ['12.34', '0012.3400'],
    ['123.45', '1.234'],
  ],
  [
    'xs:decimal',
    '<xs:minInclusive value="0"/><xs:maxExclusive value="99999999999999999999.5"/>',
    ['0', '99999999999999999999.4'],
    ['-0.01', '99999999999999999999.50'],
  ],
  ['xs:double', '<xs:maxInclusive value="1"/>', ['1', '-INF'], ['1.1', 'NaN', 'INF']],
  [
    'xs:string',
    '<xs:pattern value="[A-Z]{2}\\d+"/><xs:pattern value="x"/>',
    ['AB1', 'x'],
    ['A1', 'AB1 ', 'xx'],
  ],
  ['xs:string', '<xs:pattern value="\\i\\c*"/>', ['a-1', '_x'], ['1a']],
  ['xs:string', '<xs:pattern value="[a-z-[aeiou]]+"/>', ['xyz'], ['xaz']],
  ['xs:string', '<xs:pattern value="a^b$|[-+]?\\d|\\-x"/>', ['a^b$', '-1', '-x'], ['ab']],
  ['xs:int', '<xs:minInclusive value="1"/><xs:maxInclusive value="500"/>', ['1', '500'], ['0', '501']],
])('checks the facets of %s %s', (base, facets, good, bad) => {
  const { decode } = restricted(base, facets)
  for (const text of good) expect(() => decode(e(text))).not.toThrow()
  for (const text of bad)
    expect(() => decode(e(text))).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }))
})

test('keeps the facets of the base in force', () => {
  const { decode } = codecFor(
    '<xs:simpleType name="Short"><xs:restriction base="xs:token"><xs:maxLength value="3"/><xs:pattern value="[a-z]*"/></xs:restriction></xs:simpleType><xs:element name="e"><xs:simpleType><xs:restriction base="t:Short"><xs:pattern value="a.*"/></xs:restriction></xs:simpleType></xs:element>',
  )
  expect(decode(e(' abc '))).toBe('abc')
  for (const text of ['abcd', 'a1', 'bcd']) expect(() => decode(e(text))).toThrow()
})

test('reads lists as arrays and a union by the first member that fits', () => {
  const { decode, encode } = codecFor(
    '<xs:simpleType name="Size"><xs:union memberTypes="xs:int xs:boolean"><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="huge"/></xs:restriction></xs:simpleType></xs:union></xs:simpleType><xs:element name="e"><xs:simpleType><xs:list itemType="t:Size"/></xs:simpleType></xs:element>',
  )
  expect(plain(decode(e(' 1 true\n huge ')))).toEqual([1, true, 'huge'])
  expect(plain(decode(encode([1, true, 'huge'])))).toEqual([1, true, 'huge'])
  expect(() => decode(e('small'))).toThrow()
})
