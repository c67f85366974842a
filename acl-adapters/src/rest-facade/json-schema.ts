import { typeLabel } from '../codec/derived-type.ts'
import { isGroup, isRepeated, layoutOf } from '../codec/layout.ts'
import type {
  ComplexType,
  Contract,
  ElementDeclaration,
  GroupParticle,
  Message,
  Particle,
  SimpleType,
} from '../contract/contract.ts'
import { localOf, type QualifiedName } from '../xml/qualified-name.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

export type SchemaWriter = {
  ofMessage(message: Message): JsonSchema
  ofElement(element: ElementDeclaration): JsonSchema
  /** Schemas of the named types met so far. */
  components(): Readonly<Record<string, JsonSchema>>
}

/** XML that no schema describes. */
const nodeSchema: JsonSchema = {
  type: 'object',
  description: '{"#": "{namespace}local", "@": attributes, "$": [text and nodes]}',
}
const memberSchema: JsonSchema = {
  type: 'object',
  required: ['$element'],
  properties: { $element: { type: 'string' } },
}

type Shape = { properties: Record<string, JsonSchema>; required: string[] }

/** JSON Schemas (2020-12) of CXJ values. Named types and recursive elements become components. */
export function createSchemaWriter(contract: Contract): SchemaWriter {
  const components = new Map<string, JsonSchema>()
  const names = new Map<ComplexType, string>()

  const ofElement = (element: ElementDeclaration): JsonSchema => {
    const schema = ofType(element.type, element.name)
    return element.nillable ? { anyOf: [schema, { type: 'null' }] } : schema
  }

  const ofType = (type: SimpleType | ComplexType, elementName: QualifiedName): JsonSchema => {
    if (type.kind === 'simple') return simpleSchema(type)
    if (type.soapArray === undefined) return reference(type, elementName)
    return { type: 'array', items: { anyOf: [ofType(type.soapArray.item, elementName), { type: 'null' }] } }
  }

  const reference = (type: ComplexType, elementName: QualifiedName): JsonSchema => {
    let name = names.get(type)
    if (name === undefined) {
      name = freeName(localOf(type.name ?? elementName), components)
      names.set(type, name)
      components.set(name, {})
      components.set(name, withDerived(type, elementName))
    }
    return { $ref: `#/components/schemas/${name}` }
  }

  const withDerived = (type: ComplexType, elementName: QualifiedName): JsonSchema => {
    if (type.derived.length === 0) return objectSchema(type)
    const concrete = [type, ...type.derived].filter(candidate => !candidate.abstract)
    return {
      oneOf: concrete.map(candidate => {
        const shape = objectSchema(candidate) as { properties: object; required?: string[] }
        const label = { const: typeLabel(type, candidate) }
        const own = shape.required ?? []
        const required = candidate === type ? own : ['$type', ...own]
        return { ...shape, required, properties: { $type: label, ...shape.properties } }
      }),
      title: localOf(type.name ?? elementName),
    }
  }

  const objectSchema = (type: ComplexType): JsonSchema => {
    if (type.unsupported.length > 0) return { description: `not supported: ${type.unsupported.join('; ')}` }
    if (type.generic) return nodeSchema
    const layout = layoutOf(type, contract.prefixes)
    const shape: Shape = { properties: {}, required: [] }
    for (const { key, use } of layout.attributes.values()) {
      shape.properties[key] = {
        ...simpleSchema(use.type),
        ...(use.defaultValue === undefined ? {} : { default: use.defaultValue }),
      }
      if (use.required) shape.required.push(key)
    }
    if (type.text !== undefined) {
      shape.properties.$ = simpleSchema(type.text)
      shape.required.push('$')
    }
    const constraints: JsonSchema[] = []
    if (type.anyAttribute !== undefined)
      shape.properties['@*'] = { type: 'object', additionalProperties: { type: 'string' } }
    if (type.mixed && type.text === undefined)
      shape.properties.$mixed = { type: 'array', items: { type: ['string', 'object'] } }
    else if (type.content !== undefined)
      addParticle(type.content, undefined, layout.keys, shape, true, constraints)
    return {
      type: 'object',
      additionalProperties: false,
      ...(shape.required.length === 0 ? {} : { required: shape.required }),
      properties: shape.properties,
      ...(constraints.length === 0 ? {} : { allOf: constraints }),
    }
  }

  const addParticle = (
    particle: Particle,
    owner: GroupParticle | undefined,
    keys: ReadonlyMap<Particle, string>,
    shape: Shape,
    needed: boolean,
    constraints: JsonSchema[],
  ): void => {
    const key = keys.get(particle)
    const required = needed && particle.min > 0
    if (key !== undefined && particle !== owner) {
      const item = itemSchema(particle, keys)
      shape.properties[key] = isRepeated(particle) ? arraySchema(particle, item) : item
      if (required) shape.required.push(key)
    } else if (isGroup(particle)) addGroup(particle, owner, keys, shape, required, constraints)
  }

  const itemSchema = (particle: Particle, keys: ReadonlyMap<Particle, string>): JsonSchema => {
    if (isGroup(particle)) return groupSchema(particle, keys)
    if (particle.kind === 'any') return nodeSchema
    const schema = ofElement(particle.element)
    return particle.element.substitutes.length === 0 ? schema : { anyOf: [schema, memberSchema] }
  }

  const addGroup = (
    particle: GroupParticle,
    owner: GroupParticle | undefined,
    keys: ReadonlyMap<Particle, string>,
    shape: Shape,
    required: boolean,
    constraints: JsonSchema[],
  ): void => {
    const needed = required || particle === owner
    const isChoice = particle.kind === 'choice'
    for (const item of particle.items) addParticle(item, owner, keys, shape, needed && !isChoice, constraints)
    if (isChoice) constraints.push(choiceSchema(particle, keys, needed))
  }

  const groupSchema = (group: GroupParticle, keys: ReadonlyMap<Particle, string>): JsonSchema => {
    const shape: Shape = { properties: {}, required: [] }
    const constraints: JsonSchema[] = []
    addParticle(group, group, keys, shape, true, constraints)
    return {
      type: 'object',
      additionalProperties: false,
      ...(shape.required.length === 0 ? {} : { required: shape.required }),
      properties: shape.properties,
      ...(constraints.length === 0 ? {} : { allOf: constraints }),
    }
  }

  return {
    ofElement,
    ofMessage(message) {
      const { headers = [] } = message
      const body = bodySchema(message)
      if (headers.length === 0) return body
      // A closed schema takes a further key only where it stands itself, not by reference.
      const { element } = message
      const open =
        '$ref' in body && element?.type.kind === 'complex' && element.type.derived.length === 0
          ? objectSchema(element.type)
          : body
      const $headers = {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(headers.map(header => [localOf(header.name), ofElement(header)])),
      }
      return { ...open, properties: { ...(open.properties as object | undefined), $headers } }
    },
    components: () => Object.fromEntries(components),
  }

  function bodySchema({ element, parts }: Message): JsonSchema {
    if (parts !== undefined)
      return {
        type: 'object',
        additionalProperties: false,
        required: parts.map(({ name }) => localOf(name)),
        properties: Object.fromEntries(parts.map(part => [localOf(part.name), ofElement(part)])),
      }
    if (element === undefined) return { type: 'object', additionalProperties: false }
    if (element.type.kind === 'complex') return reference(element.type, element.name)
    const key = localOf(element.name)
    return {
      type: 'object',
      additionalProperties: false,
      required: [key],
      properties: { [key]: ofElement(element) },
    }
  }
}

function freeName(wanted: string, taken: ReadonlyMap<string, unknown>): string {
  const base = wanted.replace(/[^A-Za-z0-9._-]/g, '_')
  let name = base
  for (let count = 2; taken.has(name); count += 1) name = `${base}-${count}`
  return name
}

function arraySchema({ min, max }: { min: number; max: number }, items: JsonSchema): JsonSchema {
  return {
    type: 'array',
    items,
    ...(min > 0 ? { minItems: min } : {}),
    ...(Number.isFinite(max) ? { maxItems: max } : {}),
  }
}

/** Exactly one branch, or none where the choice may be left out. */
function choiceSchema(
  choice: GroupParticle,
  keys: ReadonlyMap<Particle, string>,
  needed: boolean,
): JsonSchema {
  const branches = choice.items.map(item => {
    const own = keysIn(item, keys)
    return own.length === 1 ? { required: own } : { anyOf: own.map(key => ({ required: [key] })) }
  })
  const none = { not: { anyOf: branches } }
  return { oneOf: needed ? branches : [...branches, none] }
}

function keysIn(particle: Particle, keys: ReadonlyMap<Particle, string>): string[] {
  const key = keys.get(particle)
  if (key !== undefined) return [key]
  return isGroup(particle) ? particle.items.flatMap(item => keysIn(item, keys)) : []
}

/** The JSON Schema of a simple type; `x-xsd` names the built-in type behind it. */
export function simpleSchema(type: SimpleType): JsonSchema {
  if (type.variety === 'list') return { type: 'array', items: simpleSchema(type.item!) }
  if (type.variety === 'union') return { anyOf: (type.members ?? []).map(simpleSchema) }
  const base = formSchema(type)
  const { enumeration } = type.facets
  return {
    ...base,
    ...(enumeration === undefined
      ? {}
      : { enum: enumeration.map(value => (base.type === 'integer' ? Number(value) : value)) }),
    ...facetSchema(type),
    ...(type.builtin.name === 'string' ? {} : { 'x-xsd': type.builtin.name }),
  }
}

function facetSchema({ builtin, facets }: SimpleType): JsonSchema {
  const { length, minLength = length, maxLength = length, fractionDigits } = facets
  const given = (schema: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined))
  if (builtin.form === 'string') return given({ minLength, maxLength })
  if (builtin.form === 'integer')
    return {
      minimum: Number(facets.minInclusive ?? builtin.min),
      maximum: Number(facets.maxInclusive ?? builtin.max),
    }
  return builtin.form === 'decimal' && fractionDigits !== undefined
    ? { pattern: `^[+-]?\\d*(?:\\.\\d{0,${fractionDigits}}0*)?$` }
    : {}
}

function formSchema(type: SimpleType): JsonSchema {
  switch (type.builtin.form) {
    case 'boolean':
      return { type: 'boolean' }
    case 'integer':
      return { type: 'integer' }
    case 'digits':
      return { type: 'string', pattern: '^[+-]?\\d+$' }
    case 'decimal':
      return { type: 'string', pattern: '^[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)$' }
    case 'float':
      return { anyOf: [{ type: 'number' }, { enum: ['INF', '-INF', 'NaN'] }] }
    case 'lexical':
      return {
        type: 'string',
        ...(type.builtin.lexical === undefined ? {} : { pattern: type.builtin.lexical.source }),
      }
    case 'base64':
      return { type: 'string', contentEncoding: 'base64' }
    case 'hex':
      return { type: 'string', pattern: '^(?:[0-9a-fA-F]{2})*$' }
    case 'qname':
      return { type: 'string', pattern: '^\\{[^{}]*\\}[^{}]+$' }
    case 'string':
      return { type: 'string' }
    default:
      return type.builtin.form satisfies never
  }
}
