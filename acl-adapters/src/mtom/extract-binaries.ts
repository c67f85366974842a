import { randomBytes } from 'node:crypto'
import { typeLabelled } from '../codec/derived-type.ts'
import { emptyObject, isJsonObject, type Json, type JsonObject } from '../codec/json.ts'
import { type Layout, layoutOf } from '../codec/layout.ts'
import type { ComplexType, Contract, Message, Particle, SimpleType } from '../contract/contract.ts'
import { localOf } from '../xml/qualified-name.ts'

const base64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Takes values of xs:base64Binary out of a message: each one larger than `above` bytes gives way to a text that no
 * caller can foresee, for attachParts to find. Attributes and what no schema describes stay as they are (XOP §3).
 */
export function extractBinaries(
  { element, parts }: Message,
  json: Json,
  contract: Pick<Contract, 'prefixes'>,
  above: number,
): { json: Json; binaries: ReadonlyMap<string, Buffer> } {
  const binaries = new Map<string, Buffer>()

  const ofType = (type: SimpleType | ComplexType, value: Json): Json => {
    if (type.kind === 'simple') return ofSimple(type, value)
    if (Array.isArray(value) || !isJsonObject(value) || type.generic) return value
    const label = value.$type
    const actual = typeof label === 'string' ? (typeLabelled(type, label) ?? type) : type
    if (actual.text !== undefined)
      return value.$ === undefined ? value : { ...value, $: ofSimple(actual.text, value.$) }
    if (actual.content === undefined) return value
    return ofGroup(actual.content, undefined, layoutOf(actual, contract.prefixes), value)
  }

  const ofSimple = ({ variety, builtin, facets }: SimpleType, value: Json): Json => {
    const sized = facets.length ?? facets.maxLength ?? facets.minLength
    if (variety !== 'atomic' || builtin.form !== 'base64' || sized !== undefined) return value
    if (typeof value !== 'string' || value.length * 0.75 <= above || !isBase64(value)) return value
    const token = `xopx${randomBytes(16).toString('hex')}`
    binaries.set(token, Buffer.from(value, 'base64'))
    return token
  }

  const ofGroup = (
    particle: Particle,
    owner: Particle | undefined,
    layout: Layout,
    object: JsonObject,
  ): JsonObject => {
    const key = layout.keys.get(particle)
    if (key !== undefined && particle !== owner) {
      const value = object[key]
      if (value === undefined || particle.kind === 'any') return object
      const one = (item: Json): Json => {
        if (particle.kind === 'element') return ofType(particle.element.type, item)
        return isJsonObject(item) ? ofGroup(particle, particle, layout, item) : item
      }
      return { ...object, [key]: Array.isArray(value) ? value.map(one) : one(value) }
    }
    if (particle.kind === 'element' || particle.kind === 'any') return object
    return particle.items.reduce<JsonObject>((done, item) => ofGroup(item, owner, layout, done), object)
  }

  if (!isJsonObject(json)) return { json, binaries }
  if (parts === undefined && element?.type.kind === 'complex')
    return { json: ofType(element.type, json), binaries }
  const copy: JsonObject = Object.assign(emptyObject(), json)
  for (const part of parts ?? (element === undefined ? [] : [element])) {
    const key = localOf(part.name)
    if (copy[key] !== undefined) copy[key] = ofType(part.type, copy[key])
  }
  return { json: copy, binaries }
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && base64.test(text)
}
