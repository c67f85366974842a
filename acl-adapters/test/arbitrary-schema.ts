import fc from 'fast-check'
import type { Json, JsonObject } from '../src/codec/json.ts'
import { isXmlText } from '../src/xml/xml-text.ts'

/** A schema as text with a value of its element `e`. */
export type SchemaAndValue = { declarations: string; json: Json }

type Simple = { kind: 'simple'; xsd: string; value: fc.Arbitrary<Json> }
type Complex = { kind: 'complex'; content: Group; attributes: { type: Simple; required: boolean }[] }
type Valued = { kind: 'valued'; type: Simple; attributes: { type: Simple; required: boolean }[] }
type Type = Simple | Complex | Valued
type Element = { kind: 'element'; type: Type; min: number; max: number; nillable: boolean }
type Group = { kind: 'sequence' | 'choice'; items: (Element | Group)[]; min: number; max: number }
type Particle = Element | Group

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter(isXmlText)
const token = fc.stringMatching(/^[a-z][a-z0-9.-]{0,6}$/)
const inline = (facets: string, base: string) => `<xs:restriction base="${base}">${facets}</xs:restriction>`
const simple = (xsd: string, value: fc.Arbitrary<Json>): Simple => ({ kind: 'simple', xsd, value })

const simpleTypes: readonly Simple[] = [
  simple('xs:string', text),
  simple('xs:boolean', fc.boolean()),
  simple('xs:int', fc.integer()),
  simple('xs:long', fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String)),
  simple('xs:decimal', fc.stringMatching(/^-?\d{1,20}\.\d{1,9}$/)),
  simple(
    'xs:double',
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter(n => !Object.is(n, -0)),
      fc.constantFrom('INF', '-INF', 'NaN'),
    ),
  ),
  simple(
    'xs:dateTime',
    fc
      .date({ min: new Date('0001-01-01'), max: new Date('9999-01-01'), noInvalidDate: true })
      .map(date => date.toISOString()),
  ),
  simple(
    'xs:base64Binary',
    fc.uint8Array().map(bytes => Buffer.from(bytes).toString('base64')),
  ),
  simple(
    'xs:QName',
    token.map(local => `{urn:x}${local}`),
  ),
  simple(
    inline('<xs:enumeration value="a b"/><xs:enumeration value="&lt;"/>', 'xs:string'),
    fc.constantFrom('a b', '<'),
  ),
  simple(inline('<xs:maxLength value="4"/>', 'xs:string'), fc.string({ maxLength: 4 }).filter(isXmlText)),
  simple('<xs:list itemType="xs:NMTOKEN"/>', fc.array(token, { maxLength: 3 })),
  simple('<xs:list itemType="xs:int"/>', fc.array(fc.integer(), { maxLength: 3 })),
  simple('<xs:union memberTypes="xs:int xs:boolean"/>', fc.oneof(fc.integer(), fc.boolean())),
  simple(
    '<xs:union><xs:simpleType><xs:list itemType="xs:decimal"/></xs:simpleType><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="none"/></xs:restriction></xs:simpleType></xs:union>',
    fc.oneof(fc.array(fc.stringMatching(/^-?\d{1,9}\.\d{1,3}$/), { maxLength: 3 }), fc.constant('none')),
  ),
]

const occurs = fc.constantFrom({ min: 1, max: 1 }, { min: 0, max: 1 }, { min: 0, max: 9 }, { min: 2, max: 4 })
const attributes = fc.array(
  fc.record({ type: fc.constantFrom(...simpleTypes.slice(0, 6)), required: fc.boolean() }),
  { maxLength: 2 },
)

const { group } = fc.letrec<{
  element: Element
  type: Type
  complex: Complex
  group: Group
  repeated: Group
  particle: Particle
}>(tie => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Type>(...simpleTypes),
    fc.record({ kind: fc.constant('valued' as const), type: fc.constantFrom(...simpleTypes), attributes }),
    tie('complex'),
  ),
  complex: fc.record({ kind: fc.constant('complex' as const), content: tie('group'), attributes }),
  element: fc
    .record({ type: tie('type'), occurs, nillable: fc.boolean() })
    .map(({ type, occurs: bounds, nillable }) => ({ kind: 'element' as const, type, ...bounds, nillable })),
  group: fc.record({
    kind: fc.constantFrom('sequence' as const, 'choice' as const),
    items: fc.array(tie('particle'), { minLength: 1, maxLength: 3 }),
    min: fc.constantFrom(0, 1),
    max: fc.constant(1),
  }),
  // A turn begins with an element that occurs once, so that it is plain where one ends and the next begins.
  repeated: fc
    .record({
      heads: fc.array(tie('type'), { minLength: 1, maxLength: 2 }),
      rest: tie('particle'),
      choice: fc.boolean(),
      bounds: fc.constantFrom({ min: 0, max: 9 }, { min: 1, max: 3 }),
    })
    .map(({ heads, rest, choice, bounds }) => {
      const items: Particle[] = heads.map(type => ({
        kind: 'element',
        type,
        min: 1,
        max: 1,
        nillable: false,
      }))
      return choice
        ? { kind: 'choice', items, ...bounds }
        : { kind: 'sequence', items: [...items, rest], ...bounds }
    }),
  particle: fc.oneof({ depthSize: 'small' }, tie('element'), tie('element'), tie('repeated'), tie('group')),
}))

/** Schemas of nested sequences, choices, repeated groups, attributes and simple types, each with a value. */
export const schemaAndValue: fc.Arbitrary<SchemaAndValue> = fc
  .record({ content: group, attributes })
  .chain(({ content, attributes: own }) => {
    let count = 0
    const name = () => {
      count += 1
      return `n${count}`
    }
    const root: Complex = { kind: 'complex', content, attributes: own }
    const named = render(root, name)
    return named.value.map(json => ({ declarations: `<xs:element name="e">${named.xsd}</xs:element>`, json }))
  })

type Rendered = { xsd: string; value: fc.Arbitrary<Json> }
type Scope = { groups: number }
/** `value` gives the keys that the particle adds to its object. */
type RenderedParticle = { xsd: string; value: fc.Arbitrary<JsonObject>; emptiable: boolean }

function render(type: Type, name: () => string): Rendered {
  if (type.kind === 'simple') return { xsd: simpleXsd(type), value: type.value }
  const extra = type.attributes.map(({ type: attribute, required }) => ({ key: name(), attribute, required }))
  const attributeXsd = extra
    .map(
      ({ key, attribute, required }) =>
        `<xs:attribute name="${key}" type="${attribute.xsd}" use="${required ? 'required' : 'optional'}"/>`,
    )
    .join('')
  const attributeValue = fc.tuple(
    ...extra.map(({ key, attribute, required }) => {
      const value = attribute.value.map(json => ({ [`@${key}`]: json }) as JsonObject)
      return required ? value : fc.oneof(value, fc.constant({} as JsonObject))
    }),
  )
  if (type.kind === 'valued') {
    const base = type.type.xsd.startsWith('<') ? 'xs:string' : type.type.xsd
    const value = type.type.xsd.startsWith('<') ? text : type.type.value
    return {
      xsd: `<xs:complexType><xs:simpleContent><xs:extension base="${base}">${attributeXsd}</xs:extension></xs:simpleContent></xs:complexType>`,
      value: fc
        .tuple(value, attributeValue)
        .map(([json, rest]) => Object.assign({ $: json }, ...rest) as Json),
    }
  }
  const content = renderParticle(type.content, name, { groups: 0 })
  return {
    xsd: `<xs:complexType>${content.xsd}${attributeXsd}</xs:complexType>`,
    value: fc
      .tuple(content.value, attributeValue)
      .map(([json, rest]) => Object.assign({}, json, ...rest) as Json),
  }
}

function simpleXsd({ xsd }: Simple): string {
  return xsd.startsWith('<') ? `<xs:simpleType>${xsd}</xs:simpleType>` : xsd
}

function renderParticle(particle: Particle, name: () => string, scope: Scope): RenderedParticle {
  if (particle.kind === 'element') return renderElement(particle, name)
  if (particle.max > 1) return renderRepeated(particle, name, scope)
  const parts = particle.items.map(item => renderParticle(item, name, scope))
  const xsd = `<xs:${particle.kind} minOccurs="${particle.min}">${parts.map(part => part.xsd).join('')}</xs:${particle.kind}>`
  const optional = particle.min === 0
  if (particle.kind === 'choice') {
    const branches = parts.map(part => part.value.filter(isThere))
    const emptiable = optional || parts.some(part => part.emptiable)
    const none: fc.Arbitrary<JsonObject>[] = emptiable ? [fc.constant({})] : []
    return { xsd, value: fc.oneof(...branches, ...none), emptiable }
  }
  const merged = fc
    .tuple(...parts.map(part => part.value))
    .map(values => Object.assign({}, ...values) as JsonObject)
  const emptiable = optional || parts.every(part => part.emptiable)
  return { xsd, value: optional ? fc.oneof(merged.filter(isThere), fc.constant({})) : merged, emptiable }
}

function renderElement(particle: Element, name: () => string): RenderedParticle {
  const key = name()
  const { min, max, nillable } = particle
  const { xsd, value } = render(particle.type, name)
  const occursXsd = `minOccurs="${min}" maxOccurs="${max === 9 ? 'unbounded' : max}" nillable="${nillable}"`
  const needsAttributes =
    particle.type.kind !== 'simple' && particle.type.attributes.some(({ required }) => required)
  const one =
    nillable && !needsAttributes
      ? fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) })
      : value
  const declaration = xsd.startsWith('<')
    ? `<xs:element name="${key}" ${occursXsd}>${xsd}</xs:element>`
    : `<xs:element name="${key}" type="${xsd}" ${occursXsd}/>`
  if (max > 1) {
    const many = fc.array(one, { minLength: min, maxLength: Math.min(max, min + 2) })
    return { xsd: declaration, value: many.map(items => ({ [key]: items })), emptiable: min === 0 }
  }
  const single = one.map(json => ({ [key]: json }) as JsonObject)
  return {
    xsd: declaration,
    value: min === 0 ? fc.oneof(single, fc.constant({})) : single,
    emptiable: min === 0,
  }
}

function renderRepeated(particle: Group, name: () => string, scope: Scope): RenderedParticle {
  scope.groups += 1
  const key = scope.groups === 1 ? '$group' : `$group~${scope.groups}`
  const inner = renderParticle({ ...particle, min: 1, max: 1 }, name, { groups: 0 })
  const { min, max, kind } = particle
  const xsd = inner.xsd.replace(
    `<xs:${kind} minOccurs="1">`,
    `<xs:${kind} minOccurs="${min}" maxOccurs="${max === 9 ? 'unbounded' : max}">`,
  )
  const value = fc.array(inner.value.filter(isThere), { minLength: min, maxLength: min + 2 })
  return { xsd, value: value.map(items => ({ [key]: items })), emptiable: min === 0 }
}

function isThere(json: JsonObject): boolean {
  return Object.values(json).some(value => !(Array.isArray(value) && value.length === 0))
}
