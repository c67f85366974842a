import { expect, test } from '@jest/globals'
import { parseJson } from '../src/codec/parse-json.ts'
import { decodeXmlBytes } from '../src/xml/decode-bytes.ts'
import { readXml, readXmlInSlices, sliceLength } from '../src/xml/xml-reader.ts'
import { codecFor, e, sequence } from './compile-schema.ts'

const ignore = { open() {}, text() {}, close() {} }
const codeOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return (error as { code?: string }).code
  }
  return 'accepted'
}

test.each([
  ['billion laughs', '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>', 'XML_DOCTYPE_REFUSED'],
  [
    'an external entity',
    '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    'XML_DOCTYPE_REFUSED',
  ],
  [
    'a parameter entity',
    ' <!-- x --> <!doctype a [<!ENTITY % p SYSTEM "http://h/">%p;]><a/>',
    'XML_DOCTYPE_REFUSED',
  ],
  ['a DOCTYPE that never ends', `<!DOCTYPE a [${'<!ENTITY x "y">'.repeat(1_000)}`, 'XML_DOCTYPE_REFUSED'],
  ['an undefined entity', '<a>&nbsp;</a>', 'XML_MALFORMED'],
  ['a processing instruction', '<?php echo 1 ?><a/>', 'XML_INSTRUCTION_REFUSED'],
  ['an instruction inside', '<a><?x y?></a>', 'XML_INSTRUCTION_REFUSED'],
  ['two roots', '<a/><a/>', 'XML_MALFORMED'],
  ['text after the root', '<a/>x', 'XML_MALFORMED'],
  ['an unclosed tag', '<a><b></a>', 'XML_MALFORMED'],
  ['an attribute twice', '<a b="1" b="2"/>', 'XML_MALFORMED'],
  ['one attribute under two prefixes', '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', 'XML_MALFORMED'],
  ['an unbound prefix', '<p:a/>', 'XML_MALFORMED'],
  ['a control character by reference', '<a>&#0;</a>', 'XML_MALFORMED'],
  ['XML 1.1 and a control character', '<?xml version="1.1"?><a>&#1;</a>', 'XML_MALFORMED'],
  ['nothing', '', 'XML_MALFORMED'],
  ['HTML', '<html><br></html>', 'XML_MALFORMED'],
  ['65 levels', '<a>'.repeat(65) + '</a>'.repeat(65), 'XML_TOO_DEEP'],
  [
    '257 attributes',
    `<a ${Array.from({ length: 257 }, (_, i) => `a${i}=""`).join(' ')}/>`,
    'XML_TOO_MANY_ATTRIBUTES',
  ],
  [
    '257 namespaces',
    `<a ${Array.from({ length: 257 }, (_, i) => `xmlns:a${i}="u"`).join(' ')}/>`,
    'XML_TOO_MANY_ATTRIBUTES',
  ],
  ['an attribute of 70 KB', `<a b="${'x'.repeat(70_000)}"/>`, 'XML_TOO_MANY_ATTRIBUTES'],
  ['6 MB of text', `<a>${'x'.repeat(6 * 1024 * 1024)}</a>`, 'XML_TOO_LARGE'],
  ['11 MB', `<a>${'<b/>'.repeat(3 * 1024 * 1024)}</a>`, 'XML_TOO_LARGE'],
])('refuses %s', (_what, xml, code) => {
  expect(codeOf(() => readXml(xml, ignore))).toBe(code)
})

test.each([
  ['200,000 levels', '<a>'.repeat(200_000)],
  ['100,000 attributes', `<a ${Array.from({ length: 100_000 }, (_, i) => `a${i}=""`).join(' ')}/>`],
  ['10,000 namespaces', `<a ${Array.from({ length: 10_000 }, (_, i) => `xmlns:a${i}="u${i}"`).join(' ')}/>`],
])('refuses %s before reading much of it', (_what, xml) => {
  const began = performance.now()
  expect(codeOf(() => readXml(xml, ignore))).toMatch(/^XML_TOO_/)
  expect(performance.now() - began).toBeLessThan(50)
})

test('lets other work run while it reads a large document', async () => {
  const xml = `<a>${'<b c="d">text &amp; text</b>'.repeat(150_000)}</a>`
  let turns = 0
  let running = true
  const takeTurns = () => {
    turns += 1
    if (running) setImmediate(takeTurns)
  }
  takeTurns()
  await readXmlInSlices(xml, ignore)
  running = false
  expect(turns).toBeGreaterThanOrEqual(Math.floor(xml.length / sliceLength))
})

test('reads a million character references in time that grows with their number', () => {
  const { decode } = codecFor('<xs:element name="e" type="xs:string"/>')
  expect(decode(e('&#65;'.repeat(1_000_000)))).toHaveLength(1_000_000)
})

test('gives surrogate pairs whole when a slice ends between them', async () => {
  const parts: string[] = []
  await readXmlInSlices(`<a>${'😀'.repeat(300_000)}</a>`, { ...ignore, text: part => void parts.push(part) })
  expect(parts.join('') === '😀'.repeat(300_000)).toBe(true)
})

const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

test.each([
  ['UTF-8', Buffer.from('<a>é</a>'), 'text/xml', '<a>é</a>'],
  ['UTF-8 with a mark', Buffer.from('\ufeff<a>é</a>'), 'text/xml; charset=iso-8859-1', '<a>é</a>'],
  ['UTF-16 with a mark', utf16('<a>é</a>'), 'text/xml', '<a>é</a>'],
  ['ISO-8859-1 by header', Buffer.from('<a>é</a>', 'latin1'), 'text/xml; charset="ISO-8859-1"', '<a>é</a>'],
  [
    'ISO-8859-1 by declaration',
    Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>', 'latin1'),
    'text/xml',
    '<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>',
  ],
])('decodes %s', (_what, bytes, type, text) => {
  expect(decodeXmlBytes(bytes, type)).toBe(text)
})

test.each([
  ['bytes that are not UTF-8', Buffer.from('<a>é</a>', 'latin1'), 'text/xml', 'XML_MALFORMED'],
  ['UTF-7', Buffer.from('+ADw-a/+AD4-'), 'text/xml; charset=utf-7', 'XML_CHARSET_UNSUPPORTED'],
  ['a made-up charset', Buffer.from('<a/>'), 'text/xml; charset=constructor', 'XML_CHARSET_UNSUPPORTED'],
])('refuses %s', (_what, bytes, type, code) => {
  expect(codeOf(() => decodeXmlBytes(bytes, type))).toBe(code)
})

test.each([
  ['a key twice', '{"a":1,"b":{"a":2},"a":3}'],
  ['a key twice, once escaped', '{"a":1,"\\u0061":3}'],
  ['1e400', '{"a":1e400}'],
  ['more digits than a double has', '{"a":12345678901234567890}'],
  ['a fraction that a double rounds', '{"a":1.00000000000000000001e0}'],
  ['65 levels', '['.repeat(65) + ']'.repeat(65)],
  ['200,000 levels', '['.repeat(200_000) + ']'.repeat(200_000)],
  ['a trailing comma', '{"a":1,}'],
  ['nothing', ''],
])('refuses JSON with %s', (_what, text) => {
  expect(codeOf(() => parseJson(text))).toBe('JSON_MALFORMED')
})

test('reads the JSON that JSON.parse reads', () => {
  const text = '{"a":[1,-2.5,1e3,9007199254740991,"x\\"y{,}",true,null,{"a":{}}],"":"","b":[]}'
  expect(parseJson(text)).toEqual(JSON.parse(text))
  expect(Object.keys(parseJson('{"__proto__":{"x":1}}') as object)).toEqual(['__proto__'])
})

test('keeps prototypes clean whatever ids and names a message has', () => {
  const { decode } = codecFor(
    sequence(
      '<xs:element name="s" type="xs:string" maxOccurs="unbounded"/>',
      '<xs:attribute name="id" type="xs:string"/>',
    ),
  )
  decode(e('<s>1</s>', 'id="__proto__"'))
  expect(codeOf(() => decode(e('<s>1</s><__proto__>2</__proto__>')))).toBe('MESSAGE_INVALID')
  expect(Object.keys(Object.prototype)).toEqual([])
})

test('refuses to write what nests without end', () => {
  const { encode } = codecFor(
    '<xs:element name="e" type="t:N"/><xs:complexType name="N"><xs:sequence><xs:element name="n" type="t:N" minOccurs="0"/></xs:sequence></xs:complexType>',
  )
  let json: { n?: object } = {}
  for (let depth = 0; depth < 10_000; depth += 1) json = { n: json }
  expect(codeOf(() => encode(json as never))).toBe('VALUE_REFUSED')
})
