import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import { typeLabel } from '../codec/derived-type.ts'
import { emptyObject, type Json, type JsonObject } from '../codec/json.ts'
import { isGroup, isRepeated, type Layout, layoutOf } from '../codec/layout.ts'
import { encodeMessage } from '../codec/message.ts'
import type {
  ComplexType,
  Contract,
  ElementDeclaration,
  Message,
  Particle,
  SimpleType,
} from '../contract/contract.ts'
import { localOf } from '../xml/qualified-name.ts'

const maxDepth = 6

/**
 * A value of a message, for documents: each element once, the first branch of a choice. Undefined where a made-up
 * value would not do, such as one that has to match a pattern: what is shown can be sent as it stands.
 */
export function exampleOfMessage(message: Message, contract: Contract): Json | undefined {
  const json = build(message, contract)
  try {
    encodeMessage(message, json, contract)
    return json
  } catch (error) {
    if (isToolkitError(error)) return undefined
    throw error
  }
}

function build({ element, parts }: Message, contract: Contract): Json {
  const json = emptyObject()
  if (parts !== undefined) {
    for (const part of parts) json[localOf(part.name)] = ofElement(part, contract, 1)
    return json
  }
  if (element === undefined) return json
  if (element.type.kind === 'complex') return ofElement(element, contract, 1)
  json[localOf(element.name)] = ofElement(element, contract, 1)
  return json
}

function ofElement(element: ElementDeclaration, contract: Contract, depth: number): Json {
  if (element.fixedValue !== undefined && element.type.kind === 'simple') return element.fixedValue
  return ofType(element.type, contract, depth)
}

function ofType(type: SimpleType | ComplexType, contract: Contract, depth: number): Json {
  if (type.kind === 'simple') return ofSimple(type)
  if (type.soapArray !== undefined)
    return depth > maxDepth ? [] : [ofType(type.soapArray.item, contract, depth + 1)]
  const json = emptyObject()
  if (type.generic) return { '@': {}, $: ['text'] }
  const actual = type.abstract ? (type.derived.find(({ abstract }) => !abstract) ?? type) : type
  const label = typeLabel(type, actual)
  if (label !== undefined && actual !== type) json.$type = label
  const layout = layoutOf(actual, contract.prefixes)
  for (const { key, use } of layout.attributes.values())
    if (use.required) json[key] = use.fixedValue ?? ofSimple(use.type)
  if (actual.text !== undefined) json.$ = ofSimple(actual.text)
  else if (actual.mixed) json.$mixed = ['text']
  else if (actual.content !== undefined) add(actual.content, undefined, layout, json, contract, depth)
  return json
}

/** Beyond some depth only what has to be there, so that a type within itself comes to an end. */
function add(
  particle: Particle,
  owner: Particle | undefined,
  layout: Layout,
  json: JsonObject,
  contract: Contract,
  depth: number,
): void {
  if (particle.min === 0 && depth > 2) return
  const key = layout.keys.get(particle)
  if (key !== undefined && particle !== owner) {
    if (depth > maxDepth || particle.kind === 'any') return
    const value = ofParticle(particle, layout, contract, depth)
    json[key] = isRepeated(particle) ? Array(Math.max(1, Math.min(particle.min, 3))).fill(value) : value
  } else if (isGroup(particle))
    for (const item of particle.kind === 'choice' ? particle.items.slice(0, 1) : particle.items)
      add(item, owner, layout, json, contract, depth)
}

function ofParticle(particle: Particle, layout: Layout, contract: Contract, depth: number): Json {
  if (particle.kind === 'element') return ofElement(particle.element, contract, depth + 1)
  const item = emptyObject()
  add(particle, particle, layout, item, contract, depth + 1)
  return item
}

const lexicals: Readonly<Record<string, string>> = {
  dateTime: '2024-02-29T12:34:56Z',
  date: '2024-02-29',
  time: '12:34:56Z',
  duration: 'P1D',
  gYear: '2024',
  gYearMonth: '2024-02',
  gMonth: '--02',
  gMonthDay: '--02-29',
  gDay: '---29',
  language: 'en',
}

function ofSimple(type: SimpleType): Json {
  if (type.variety === 'list') return [ofSimple(type.item!)]
  if (type.variety === 'union') return type.members?.[0] === undefined ? 'text' : ofSimple(type.members[0])
  const { builtin, facets } = type
  const [first] = facets.enumeration ?? []
  const least =
    facets.minInclusive ?? (facets.minExclusive === undefined ? undefined : above(facets.minExclusive))
  switch (builtin.form) {
    case 'boolean':
      return true
    case 'integer':
      return Number(first ?? least ?? 1)
    case 'digits':
      return first ?? least ?? '1'
    case 'decimal':
      return first ?? least ?? (facets.fractionDigits === 0 ? '10' : '10.5')
    case 'float':
      return Number(first ?? least ?? 1.5)
    case 'lexical':
      return first ?? lexicals[builtin.name] ?? 'name'
    case 'base64':
      return 'Ynl0ZXM='
    case 'hex':
      return first ?? '00ff'
    case 'qname':
      return '{urn:example}name'
    case 'string':
      return first ?? sized('text', facets.length ?? facets.minLength ?? 0, facets.length ?? facets.maxLength)
    default:
      return builtin.form satisfies never
  }
}

function above(bound: string): string {
  return String(Number(bound) + 1)
}

function sized(text: string, min: number, max = Number.POSITIVE_INFINITY): string {
  return text.repeat(Math.ceil(min / text.length) || 1).slice(0, Math.min(Math.max(min, text.length), max))
}
