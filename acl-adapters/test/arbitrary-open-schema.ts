import fc from 'fast-check'
import type { Json, JsonObject } from '../src/codec/json.ts'
import { isXmlText } from '../src/xml/xml-text.ts'
import type { SchemaAndValue } from './arbitrary-schema.ts'

/** An element of the schema with what it needs beside it, and the keys that it adds to the root. */
type Feature = { element: string; globals: string; value: fc.Arbitrary<JsonObject> }

const text = fc.string({ unit: 'binary', maxLength: 10 }).filter(isXmlText)
const someText = text.filter(value => value !== '')
const local = fc.stringMatching(/^[a-z][a-z0-9.-]{0,5}$/)
const foreignName = local.map(name => `{urn:foreign}${name}`)
const foreignAttributes = fc.dictionary(foreignName, text, { maxKeys: 2 })

/** Text never follows text: in a document nothing would tell them apart. */
function withoutNeighbours(items: readonly Json[]): Json[] {
  return items.filter((item, index) => typeof item !== 'string' || typeof items[index - 1] !== 'string')
}

const { node } = fc.letrec<{ node: Json }>(tie => ({
  node: fc.record({
    '#': foreignName,
    '@': foreignAttributes,
    $: fc
      .array(fc.oneof({ depthSize: 'small' }, someText, tie('node')), { maxLength: 3 })
      .map(withoutNeighbours),
  }),
}))

function orNil(value: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) })
}

/** One, none or many, as the bounds allow. */
function occurring(
  name: string,
  value: fc.Arbitrary<Json>,
): fc.Arbitrary<{ bounds: string; value: fc.Arbitrary<JsonObject> }> {
  const keyed = (arbitrary: fc.Arbitrary<Json>) => arbitrary.map(json => ({ [name]: json }) as JsonObject)
  return fc.constantFrom(
    { bounds: '', value: keyed(value) },
    { bounds: ' minOccurs="0"', value: fc.oneof(keyed(value), fc.constant({} as JsonObject)) },
    {
      bounds: ' minOccurs="0" maxOccurs="unbounded"',
      value: keyed(fc.array(value, { maxLength: 3 }) as fc.Arbitrary<Json>),
    },
  )
}

/** A type and one derived from it, told apart by xsi:type. */
function derivedFeature(name: string): fc.Arbitrary<Feature> {
  const base = fc.record({ $type: fc.constant(`Base-${name}`), b: text })
  const derived = fc.record(
    {
      $type: fc.constant(`Derived-${name}`),
      b: text,
      d: fc.array(fc.integer(), { maxLength: 2 }),
      '@a': text,
    },
    { requiredKeys: ['$type', 'b', 'd'] },
  )
  return occurring(name, orNil(fc.oneof(base, derived) as fc.Arbitrary<Json>)).map(({ bounds, value }) => ({
    element: `<xs:element name="${name}" type="t:Base-${name}" nillable="true"${bounds}/>`,
    globals: `<xs:complexType name="Base-${name}"><xs:sequence><xs:element name="b" type="xs:string"/></xs:sequence></xs:complexType><xs:complexType name="Derived-${name}"><xs:complexContent><xs:extension base="t:Base-${name}"><xs:sequence><xs:element name="d" type="xs:int" minOccurs="0" maxOccurs="unbounded"/></xs:sequence><xs:attribute name="a" type="xs:string"/></xs:extension></xs:complexContent></xs:complexType>`,
    value,
  }))
}

/** Elements and attributes that no schema knows. */
function anyFeature(name: string): fc.Arbitrary<Feature> {
  const content = fc.record({ h: text, $any: fc.array(node, { maxLength: 3 }), '@*': foreignAttributes }).map(
    ({ '@*': attributes, ...rest }): Json =>
      // No attributes and an empty object of them are one and the same document.
      Object.keys(attributes).length === 0 ? rest : { ...rest, '@*': attributes },
  )
  return occurring(name, content).map(({ bounds, value }) => ({
    element: `<xs:element name="${name}"${bounds}><xs:complexType><xs:sequence><xs:element name="h" type="xs:string"/><xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/></xs:sequence><xs:anyAttribute namespace="##other"/></xs:complexType></xs:element>`,
    globals: '',
    value,
  }))
}

/** Text with elements in it. */
function mixedFeature(name: string): fc.Arbitrary<Feature> {
  const item = fc.oneof(
    someText,
    fc.integer().map(i => ({ i })),
    orNil(text).map(s => ({ s })),
  )
  const content = fc
    .record({ $mixed: fc.array(item, { maxLength: 5 }).map(withoutNeighbours), '@a': fc.boolean() })
    .map(json => json as Json)
  return occurring(name, content).map(({ bounds, value }) => ({
    element: `<xs:element name="${name}"${bounds}><xs:complexType mixed="true"><xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element name="i" type="xs:int"/><xs:element name="s" type="xs:string" nillable="true"/></xs:choice><xs:attribute name="a" type="xs:boolean" use="required"/></xs:complexType></xs:element>`,
    globals: '',
    value,
  }))
}

/** Nil, absent and empty, beside attributes. */
function nilFeature(name: string): fc.Arbitrary<Feature> {
  const content = fc
    .tuple(fc.oneof(fc.constant({ $nil: true }), fc.record({ $: text })), fc.record({ '@r': text }))
    .map(([one, two]): Json => ({ ...one, ...two }))
  return occurring(name, content).map(({ bounds, value }) => ({
    element: `<xs:element name="${name}" nillable="true"${bounds}><xs:complexType><xs:simpleContent><xs:extension base="xs:string"><xs:attribute name="r" type="xs:string" use="required"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>`,
    globals: '',
    value,
  }))
}

/** Members of a substitution group, each naming itself. */
function substitutionFeature(name: string): fc.Arbitrary<Feature> {
  const head = text as fc.Arbitrary<Json>
  const member = text.map((value): Json => ({ $element: `{urn:test}member-${name}`, $: value }))
  return occurring(name, fc.oneof(head, member)).map(({ bounds, value }) => ({
    element: `<xs:element ref="t:${name}"${bounds}/>`,
    globals: `<xs:element name="${name}" type="xs:string"/><xs:element name="member-${name}" type="xs:string" substitutionGroup="t:${name}"/>`,
    value,
  }))
}

const kinds = [derivedFeature, anyFeature, mixedFeature, nilFeature, substitutionFeature]

/** Schemas of what is open or polymorphic in XSD, each with a value. */
export const openSchemaAndValue: fc.Arbitrary<SchemaAndValue> = fc
  .array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 4 })
  .chain(chosen => fc.tuple(...chosen.map((kind, index) => kind(`n${index}`))))
  .chain(features => {
    const elements = features.map(({ element }) => element).join('')
    const globals = features.map(feature => feature.globals).join('')
    const declarations = `<xs:element name="e"><xs:complexType><xs:sequence>${elements}</xs:sequence></xs:complexType></xs:element>${globals}`
    return fc
      .tuple(...features.map(({ value }) => value))
      .map(values => ({ declarations, json: Object.assign({}, ...values) as Json }))
  })
