import { expect, test } from '@jest/globals'
import { replyRules, strictRules } from '../src/codec/decode-element.ts'
import type { Json } from '../src/codec/json.ts'
import { codecFor, e, namespace, plain, sequence } from './compile-schema.ts'

const problemsOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    const { code, details } = error as { code: string; details: { problems?: unknown; path?: string } }
    return [code, details.problems ?? details.path]
  }
  return 'no error'
}

test('keeps names as they are, attributes under @', () => {
  const { decode, encode } = codecFor(
    sequence(
      '<xs:element name="fullName" type="xs:string"/>',
      '<xs:attribute name="fullName" type="xs:string"/><xs:attribute ref="xml:lang"/>',
    ),
  )
  const json = { '@fullName': 'x', '@xml:lang': 'de', fullName: 'y' }
  expect(plain(decode(e('<fullName>y</fullName>', 'fullName="x" xml:lang="de"')))).toEqual(json)
  expect(plain(decode(encode(json)))).toEqual(json)
})

test('names a qualified attribute by the prefix of its namespace', () => {
  const { decode, encode } = codecFor(sequence('', '<xs:attribute name="a" type="xs:int" form="qualified"/>'))
  expect(plain(decode(`<p:e xmlns:p="${namespace}" p:a="1"/>`))).toEqual({ '@ns1:a': 1 })
  expect(encode({ '@ns1:a': 1 })).toBe(`<ns1:e xmlns:ns1="${namespace}" ns1:a="1"></ns1:e>`)
})

test('tells apart elements of one local name by ~2', () => {
  const declarations = sequence(
    '<xs:element name="v" type="xs:int"/><xs:element name="v" type="xs:int" form="unqualified"/><xs:element name="w" type="xs:int"/><xs:element name="v" type="xs:int" minOccurs="0"/>',
  )
  const { decode, encode } = codecFor(declarations)
  const json = { v: 1, 'v~2': 2, w: 3, 'v~3': 4 }
  expect(plain(decode(encode(json)))).toEqual(json)
})

test('takes __proto__, constructor and toString for ordinary names', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  const { decode, encode } = codecFor(
    sequence(names.map(name => `<xs:element name="${name}" type="xs:string"/>`).join('')),
  )
  const decoded = decode(e(names.map(name => `<${name}>${name}</${name}>`).join('')))
  const prototype = Object.getPrototypeOf(decoded)
  expect([Reflect.ownKeys(prototype), Object.isFrozen(prototype)]).toEqual([[], true])
  expect(Object.getPrototypeOf(prototype)).toBeNull()
  expect(Object.entries(decoded as object)).toEqual(
    names.map(name => [name === '__proto__' ? '~__proto__' : name, name]),
  )
  expect(decode(encode(decoded))).toEqual(decoded)
  const optional = codecFor(
    sequence(names.map(name => `<xs:element name="${name}" type="xs:string" minOccurs="0"/>`).join('')),
  )
  expect(optional.encode({})).toBe(optional.encode(Object.create(null)))
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test('gives simple content with attributes as $ and @, also when none is present', () => {
  const { decode, encode } = codecFor(
    '<xs:element name="e"><xs:complexType><xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="currency" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>',
  )
  expect(plain(decode(e('10.50', 'currency="EUR"')))).toEqual({ $: '10.50', '@currency': 'EUR' })
  expect(plain(decode(e('10.50')))).toEqual({ $: '10.50' })
  expect(plain(decode(encode({ $: '1', '@currency': 'a"<&' })))).toEqual({ $: '1', '@currency': 'a"<&' })
})

test('gives what may repeat as an array: none, one, many, nil in place', () => {
  const { decode, encode } = codecFor(
    sequence('<xs:element name="i" type="xs:int" minOccurs="0" maxOccurs="unbounded" nillable="true"/>'),
  )
  expect(plain(decode(e('')))).toEqual({ i: [] })
  expect(plain(decode(e('<i>1</i>')))).toEqual({ i: [1] })
  expect(plain(decode(e('<i>1</i><i xsi:nil="1"/><i>3</i>')))).toEqual({ i: [1, null, 3] })
  expect(plain(decode(encode({ i: [null, 2] })))).toEqual({ i: [null, 2] })
  expect(encode({})).toBe(encode({ i: [] }))
})

test('counts what repeats against its bounds', () => {
  const { decode, encode } = codecFor(
    sequence('<xs:element name="i" type="xs:int" minOccurs="2" maxOccurs="3"/>'),
  )
  const items = (count: number) => e('<i>1</i>'.repeat(count))
  expect(plain(decode(items(2)))).toEqual({ i: [1, 1] })
  expect(problemsOf(() => decode(items(1)))).toEqual(['MESSAGE_INVALID', ''])
  expect(problemsOf(() => decode(items(4)))).toEqual(['MESSAGE_INVALID', ''])
  expect(problemsOf(() => encode({ i: [1] }))).toEqual([
    'VALUE_REFUSED',
    [{ path: '/i', message: 'needs at least 2 items' }],
  ])
})

test('keeps a wrapper element absent, empty and nil apart', () => {
  const { decode, encode } = codecFor(
    sequence(
      '<xs:element name="w" minOccurs="0" nillable="true"><xs:complexType><xs:sequence><xs:element name="item" type="xs:int" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>',
    ),
  )
  for (const [xml, json] of [
    ['', {}],
    ['<w/>', { w: { item: [] } }],
    ['<w xsi:nil="true"/>', { w: null }],
  ] satisfies [string, Json][]) {
    expect(plain(decode(e(xml)))).toEqual(json)
    expect(plain(decode(encode(json)))).toEqual(json)
  }
})

test('keeps the order of a repeated choice', () => {
  const { decode, encode } = codecFor(
    '<xs:element name="e"><xs:complexType><xs:choice maxOccurs="unbounded"><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/></xs:choice></xs:complexType></xs:element>',
  )
  const json = { $group: [{ a: 1 }, { b: 2 }, { a: 3 }] }
  expect(plain(decode(e('<a>1</a><b>2</b><a>3</a>')))).toEqual(json)
  expect(plain(decode(encode(json)))).toEqual(json)
})

test('gives each turn of a repeated sequence as an object', () => {
  const { decode, encode } = codecFor(
    '<xs:element name="e"><xs:complexType><xs:sequence><xs:element name="h" type="xs:int"/><xs:sequence minOccurs="0" maxOccurs="unbounded"><xs:element name="k" type="xs:string"/><xs:element name="v" type="xs:int" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:sequence></xs:complexType></xs:element>',
  )
  const json = {
    h: 1,
    $group: [
      { k: 'a', v: [1, 2] },
      { k: 'b', v: [] },
    ],
  }
  expect(plain(decode(e('<h>1</h><k>a</k><v>1</v><v>2</v><k>b</k>')))).toEqual(json)
  expect(plain(decode(encode(json)))).toEqual(json)
  expect(problemsOf(() => encode({ h: 1, $group: [{}] }))).toEqual([
    'VALUE_REFUSED',
    [{ path: '/$group/0/k', message: 'is missing' }],
  ])
})

const choice = sequence(
  '<xs:choice><xs:element name="a" type="xs:int"/><xs:sequence><xs:element name="b" type="xs:int"/><xs:element name="c" type="xs:int" minOccurs="0"/></xs:sequence></xs:choice>',
)

test('puts the keys of the branch taken side by side', () => {
  const { decode, encode } = codecFor(choice)
  expect(plain(decode(e('<b>1</b><c>2</c>')))).toEqual({ b: 1, c: 2 })
  expect(encode({ c: 2, b: 1 })).toContain('<ns1:b>1</ns1:b><ns1:c>2</ns1:c>')
})

test.each([
  [{}, '/', 'needs one of a, b, c'],
  [{ a: 1, c: 2 }, '/', 'takes only one of a, c'],
  [{ c: 2 }, '/b', 'is missing'],
])('refuses the branches of %j', (json, path, message) => {
  expect(problemsOf(() => codecFor(choice).encode(json))).toEqual(['VALUE_REFUSED', [{ path, message }]])
})

test('takes the children of xs:all in any order, each once', () => {
  const { decode, encode } = codecFor(
    '<xs:element name="e"><xs:complexType><xs:all><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int" minOccurs="0"/><xs:element name="c" type="xs:int"/></xs:all></xs:complexType></xs:element>',
  )
  expect(plain(decode(e('<c>3</c><a>1</a>')))).toEqual({ a: 1, c: 3 })
  expect(problemsOf(() => decode(e('<c>3</c>')))[0]).toBe('MESSAGE_INVALID')
  expect(problemsOf(() => decode(e('<c>3</c><a>1</a><c>3</c>')))[0]).toBe('MESSAGE_INVALID')
  expect(plain(decode(encode({ c: 3, b: 2, a: 1 })))).toEqual({ a: 1, b: 2, c: 3 })
})

test('keeps absent, nil and empty apart', () => {
  const { decode, encode } = codecFor(
    sequence('<xs:element name="s" type="xs:string" minOccurs="0" nillable="true"/>'),
  )
  for (const [xml, json] of [
    ['', {}],
    ['<s/>', { s: '' }],
    ['<s xsi:nil="true"/>', { s: null }],
    ['<s xsi:nil="false">x</s>', { s: 'x' }],
  ] as const) {
    expect(plain(decode(e(xml)))).toEqual(json)
    expect(plain(decode(encode(json)))).toEqual(json)
  }
})

test('refuses null and nil where the declaration does not allow them', () => {
  const { decode, encode } = codecFor(sequence('<xs:element name="s" type="xs:string"/>'))
  expect(problemsOf(() => encode({ s: null }))).toEqual([
    'VALUE_REFUSED',
    [{ path: '/s', message: 'must not be null' }],
  ])
  expect(problemsOf(() => decode(e('<s xsi:nil="true"/>')))).toEqual(['MESSAGE_INVALID', '/s'])
})

test('keeps the attributes of a nil element', () => {
  const { decode, encode } = codecFor(
    sequence(
      '<xs:element name="x" nillable="true"><xs:complexType><xs:sequence><xs:element name="y" type="xs:int"/></xs:sequence><xs:attribute name="a" type="xs:int"/></xs:complexType></xs:element>',
    ),
  )
  const json = { x: { $nil: true, '@a': 1 } }
  expect(plain(decode(e('<x xsi:nil="true" a="1"/>')))).toEqual(json)
  expect(plain(decode(encode(json)))).toEqual(json)
  expect(problemsOf(() => encode({ x: { $nil: true, y: 1 } }))).toEqual([
    'VALUE_REFUSED',
    [{ path: '/x/y', message: 'cannot stand beside $nil' }],
  ])
})

test('refuses an empty number in a request and takes it for absent in a reply', () => {
  const { decode } = codecFor(sequence('<xs:element name="n" type="xs:int" minOccurs="0"/>'))
  expect(problemsOf(() => decode(e('<n/>')))).toEqual(['MESSAGE_INVALID', '/n'])
  expect(plain(decode(e('<n/>'), replyRules))).toEqual({})
})

test('fills defaults of absent attributes and empty elements, and writes none', () => {
  const { decode, encode } = codecFor(
    sequence(
      '<xs:element name="n" type="xs:int" default="7" minOccurs="0"/>',
      '<xs:attribute name="a" type="xs:int" default="5"/><xs:attribute name="f" type="xs:string" fixed="x"/>',
    ),
  )
  expect(plain(decode(e('<n/>')))).toEqual({ '@a': 5, '@f': 'x', n: 7 })
  expect(plain(decode(e('')))).toEqual({ '@a': 5, '@f': 'x' })
  expect(encode({})).toBe(`<ns1:e xmlns:ns1="${namespace}"></ns1:e>`)
  expect(problemsOf(() => decode(e('', 'f="y"')))[0]).toBe('MESSAGE_INVALID')
  expect(problemsOf(() => encode({ '@f': 'y' }))[0]).toBe('VALUE_REFUSED')
})

const order = sequence('<xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/>')

test('writes in the order of the schema whatever the order of the keys', () => {
  const { encode } = codecFor(order)
  expect(encode({ b: 2, a: 1 })).toBe(encode({ a: 1, b: 2 }))
})

test('names every unknown key and wrong value at once, by JSON pointer', () => {
  const { encode } = codecFor(order)
  expect(problemsOf(() => encode({ a: 'x', 'c/d~e': 1, $xml: '<evil/>' }))).toEqual([
    'VALUE_REFUSED',
    [
      { path: '/c~1d~0e', message: 'is not a key of this object' },
      { path: '/$xml', message: 'is not a key of this object' },
      { path: '/a', message: 'must be an integer number' },
      { path: '/b', message: 'is missing' },
    ],
  ])
})

test('refuses unknown elements and attributes, or drops them where the rules say so', () => {
  const { decode } = codecFor(order)
  const message = e('<a>1</a><x><y>1</y></x><b>2</b>', 'z="1"')
  expect(problemsOf(() => decode(message))[0]).toBe('MESSAGE_INVALID')
  expect(plain(decode(message, { ...strictRules, unknown: 'drop' }))).toEqual({ a: 1, b: 2 })
})

test('takes the children of a plain sequence in any order where the rules say so', () => {
  const { decode } = codecFor(order)
  const swapped = e('<b>2</b><a>1</a>')
  const anyOrder = { ...strictRules, childOrder: 'any' } as const
  expect(problemsOf(() => decode(swapped))[0]).toBe('MESSAGE_INVALID')
  expect(plain(decode(swapped, anyOrder))).toEqual({ a: 1, b: 2 })
  expect(problemsOf(() => decode(e('<b>2</b>'), anyOrder))[0]).toBe('MESSAGE_INVALID')
  expect(problemsOf(() => decode(e('<b>2</b><a>1</a><b>2</b>'), anyOrder))[0]).toBe('MESSAGE_INVALID')
})

test('takes a child of another namespace for unknown', () => {
  const { decode } = codecFor(order)
  expect(problemsOf(() => decode(e('<a xmlns="urn:other">1</a><b>2</b>')))[0]).toBe('MESSAGE_INVALID')
})

test('says where a message goes wrong', () => {
  const { decode } = codecFor(
    sequence(
      '<xs:element name="row" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="n" type="xs:int"/></xs:sequence></xs:complexType></xs:element>',
    ),
  )
  expect(problemsOf(() => decode(e('<row><n>1</n></row><row><n>x</n></row>')))).toEqual([
    'MESSAGE_INVALID',
    '/row/1/n',
  ])
})

test('follows elementFormDefault, form and chameleon includes', () => {
  const { encode } = codecFor(
    sequence('<xs:element name="u" type="xs:int"/><xs:element name="q" type="xs:int" form="qualified"/>'),
    '',
  )
  expect(encode({ u: 1, q: 2 })).toBe(`<ns1:e xmlns:ns1="${namespace}"><u>1</u><ns1:q>2</ns1:q></ns1:e>`)
})

const animals = `<xs:complexType name="Animal"><xs:sequence><xs:element name="name" type="xs:string"/></xs:sequence></xs:complexType>
  <xs:complexType name="Dog"><xs:complexContent><xs:extension base="t:Animal"><xs:sequence><xs:element name="tricks" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
  <xs:complexType name="Puppy"><xs:complexContent><xs:extension base="t:Dog"><xs:attribute name="weeks" type="xs:int"/></xs:extension></xs:complexContent></xs:complexType>
  <xs:complexType name="Plant"><xs:sequence/></xs:complexType>
  ${sequence('<xs:element name="pet" type="t:Animal"/>')}`

test('carries a derived type as $type, base fields first', () => {
  const { decode, encode } = codecFor(animals)
  const xml = e(
    `<pet xsi:type="q:Puppy" weeks="3" xmlns:q="${namespace}"><name>Rex</name><tricks>0</tricks></pet>`,
  )
  const json = { pet: { $type: 'Puppy', '@weeks': 3, name: 'Rex', tricks: 0 } }
  expect(plain(decode(xml))).toEqual(json)
  expect(plain(decode(encode(json)))).toEqual(json)
  expect(plain(decode(e('<pet><name>A</name></pet>')))).toEqual({ pet: { $type: 'Animal', name: 'A' } })
})

test.each([
  `<pet xsi:type="q:Plant" xmlns:q="${namespace}"/>`,
  `<pet xsi:type="q:None" xmlns:q="${namespace}"/>`,
  '<pet xsi:type="q:Dog" xmlns:q="urn:other"><name>A</name></pet>',
])('refuses %s', content => {
  expect(problemsOf(() => codecFor(animals).decode(e(content)))[0]).toBe('MESSAGE_INVALID')
})

test('wants a concrete type for an abstract one', () => {
  const { decode, encode } = codecFor(animals.replace('name="Animal"', 'name="Animal" abstract="true"'))
  expect(problemsOf(() => encode({ pet: { name: 'A' } }))).toEqual([
    'VALUE_REFUSED',
    [{ path: '/pet/$type', message: 'is needed: the declared type is abstract' }],
  ])
  expect(problemsOf(() => decode(e('<pet><name>A</name></pet>')))[0]).toBe('MESSAGE_INVALID')
})

test('restricts complex content to the particles of the restriction', () => {
  const { decode } = codecFor(
    `<xs:complexType name="B"><xs:sequence><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int" minOccurs="0"/></xs:sequence><xs:attribute name="x" type="xs:int"/></xs:complexType>
     <xs:element name="e"><xs:complexType><xs:complexContent><xs:restriction base="t:B"><xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence><xs:attribute name="x" use="prohibited"/></xs:restriction></xs:complexContent></xs:complexType></xs:element>`,
  )
  expect(plain(decode(e('<a>1</a>')))).toEqual({ a: 1 })
  expect(problemsOf(() => decode(e('<a>1</a><b>2</b>')))[0]).toBe('MESSAGE_INVALID')
  expect(problemsOf(() => decode(e('<a>1</a>', 'x="1"')))[0]).toBe('MESSAGE_INVALID')
})

test('decodes recursive types', () => {
  const { decode, encode } = codecFor(
    '<xs:element name="e" type="t:Node"/><xs:complexType name="Node"><xs:sequence><xs:element name="label" type="xs:string"/><xs:element name="child" type="t:Node" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>',
  )
  const json = {
    label: 'a',
    child: [
      { label: 'b', child: [] },
      { label: 'c', child: [{ label: 'd', child: [] }] },
    ],
  }
  expect(plain(decode(encode(json)))).toEqual(json)
})

test('takes CDATA for text and lets comments cut nothing', () => {
  const { decode } = codecFor(sequence('<xs:element name="s" type="xs:string"/>'))
  expect(plain(decode(e('<s>a<!-- x -->b<![CDATA[<?xml version="1.0"?><c/>]]>&#65;&amp;</s>')))).toEqual({
    s: 'ab<?xml version="1.0"?><c/>A&',
  })
})
