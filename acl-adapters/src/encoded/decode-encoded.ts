import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { openType, typeLabel } from '../codec/derived-type.ts'
import { emptyObject, type Json, type JsonObject, pointerToken } from '../codec/json.ts'
import { isOpen } from '../codec/labelled-value.ts'
import { readSimpleValue } from '../codec/read-simple-value.ts'
import { anyType } from '../contract/any-type.ts'
import { builtinTypes } from '../contract/builtin-types.ts'
import type { ComplexType, Contract, ElementDeclaration, SimpleType } from '../contract/contract.ts'
import { arrayOf, encoding11, encoding12, isArrayName, isEncoding } from '../contract/soap-array.ts'
import { instanceNamespace, localOf, type QualifiedName, qualifiedName } from '../xml/qualified-name.ts'
import { accessorsOf } from './accessors.ts'
import type { EncodedGraph, EncodedNode } from './encoded-node.ts'

type AnyType = SimpleType | ComplexType

/** Values made of one message: a few references to references could otherwise make millions. */
const maxValues = 100_000
const maxDepth = 64
const href = qualifiedName('', 'href')
const ref = qualifiedName(encoding12, 'ref')
const nil = qualifiedName(instanceNamespace, 'nil')
const xsiType = qualifiedName(instanceNamespace, 'type')

/**
 * The JSON of an rpc/encoded message (SOAP 1.1 §5): references are followed, so that a value referred to twice
 * becomes two equal ones; accessors count by their local name, in any order.
 * @throws ToolkitError MESSAGE_INVALID, GRAPH_CYCLIC
 */
export function decodeEncoded(
  { roots, byId }: EncodedGraph,
  wrapper: ElementDeclaration,
  types: Contract['types'],
): Json {
  const underway = new Set<EncodedNode>()
  let values = 0

  const refuse = (path: string, message: string, code = 'MESSAGE_INVALID'): never => {
    throw new ToolkitError(code, `${path === '' ? 'the message' : path} ${message}`, { details: { path } })
  }

  const decode = (given: EncodedNode, declared: AnyType, path: string, depth: number): Json => {
    values += 1
    if (values > maxValues || depth > maxDepth)
      refuse(path, `goes beyond ${maxValues} values or ${maxDepth} levels`)
    const node = follow(given, path)
    if (/^(?:1|true)$/.test(node.attributes.get(nil) ?? '')) return null
    if (underway.has(node)) refuse(path, 'refers to what contains it', 'GRAPH_CYCLIC')
    underway.add(node)
    const type = typeOf(node, given, declared, path)
    const json = decodeAs(node, type, path, depth)
    underway.delete(node)
    return labelled(declared, type, json)
  }

  const follow = (node: EncodedNode, path: string): EncodedNode => {
    const reference = node.attributes.get(href)?.replace(/^#/, '') ?? node.attributes.get(ref)
    if (reference === undefined) return node
    return byId.get(reference) ?? refuse(path, 'refers to an element that is not in the message')
  }

  const typeOf = (node: EncodedNode, given: EncodedNode, declared: AnyType, path: string): AnyType => {
    const name = nameIn(node, xsiType) ?? nameIn(given, xsiType)
    if (declared.kind === 'complex' && declared.soapArray !== undefined) return declared
    if (name === undefined) return declared
    if (isOpen({ type: declared })) return openTypeOf(name, node, path)
    if (declared.kind === 'simple' || name === declared.name || isEncoding(name)) return declared
    return declared.derived.find(type => type.name === name) ?? declared
  }

  const openTypeOf = (name: QualifiedName, node: EncodedNode, path: string): AnyType => {
    if (isArrayName(name)) return arrayOf(itemTypeOf(node))
    const found = isEncoding(name) ? builtinTypes.get(localOf(name)) : openType(name, types)
    return found ?? refuse(path, `has xsi:type ${name}, which is not a type of the contract`)
  }

  /** soapenc:arrayType="xs:int[3]", or enc:itemType="xs:int" in SOAP 1.2. */
  const itemTypeOf = (node: EncodedNode): AnyType => {
    const name =
      nameIn(node, qualifiedName(encoding11, 'arrayType')) ??
      nameIn(node, qualifiedName(encoding12, 'itemType'))
    if (name === undefined) return anyType
    return openType(name, types) ?? anyType
  }

  const decodeAs = (node: EncodedNode, type: AnyType, path: string, depth: number): Json => {
    if (type.kind === 'simple') return simple(node, type, path)
    if (type.soapArray !== undefined) return array(node, type.soapArray.item, path, depth)
    if (type.text !== undefined) return { $: simple(node, type.text, path) }
    if (type.generic) return generic(node)
    return struct(node, type, path, depth)
  }

  const simple = (node: EncodedNode, type: SimpleType, path: string): Json => {
    if (node.children.length > 0) refuse(path, 'has elements where a text is declared')
    try {
      return readSimpleValue(type, node.text, node.resolve)
    } catch (error) {
      if (!isToolkitError(error, 'VALUE_INVALID')) throw error
      return refuse(path, error.message)
    }
  }

  /** Items stand one after the other, from an offset, or each says its position (SOAP 1.1 §5.4.2). */
  const array = (node: EncodedNode, item: AnyType, path: string, depth: number): Json => {
    const items: Json[] = []
    let at = placeIn(node, 'offset') ?? 0
    for (const child of node.children) {
      at = placeIn(child, 'position') ?? at
      if (at > maxValues) refuse(path, 'has an item too far out')
      while (items.length < at) items.push(null)
      items[at] = decode(child, item, `${path}/${at}`, depth + 1)
      at += 1
    }
    return items
  }

  const struct = (node: EncodedNode, type: ComplexType, path: string, depth: number): Json => {
    const accessors = accessorsOf(type)
    const found = new Map<string, Json>()
    for (const child of node.children) {
      const accessor = accessors.get(child.local)
      const at = path + pointerToken(child.local)
      if (accessor === undefined) return refuse(at, 'is not declared')
      if (accessor.many) {
        const items = (found.get(child.local) ?? []) as Json[]
        found.set(child.local, [
          ...items,
          decode(child, accessor.element.type, `${at}/${items.length}`, depth + 1),
        ])
      } else if (found.has(child.local)) refuse(at, 'stands twice')
      else found.set(child.local, decode(child, accessor.element.type, at, depth + 1))
    }
    const json = emptyObject()
    for (const [key, { many }] of accessors) {
      const value = found.get(key) ?? (many ? [] : undefined)
      if (value !== undefined) json[key] = value
    }
    return json
  }

  const root = roots[0]
  if (root === undefined) return refuse('', 'is empty')
  return decodeAs(follow(root, ''), wrapper.type, '', 1)
}

/** As CXJ has it: $type where the declared type leaves open which it is. */
function labelled(declared: AnyType, type: AnyType, json: Json): Json {
  const label = isArrayValue(declared, type) ? qualifiedName(encoding11, 'Array') : typeLabel(declared, type)
  if (label === undefined || json === null) return json
  const object: JsonObject = emptyObject()
  object.$type = label
  if (typeof json !== 'object' || Array.isArray(json)) object.$ = json
  else Object.assign(object, json)
  return object
}

function isArrayValue(declared: AnyType, type: AnyType): boolean {
  return isOpen({ type: declared }) && type.kind === 'complex' && type.soapArray !== undefined
}

function generic(node: EncodedNode): Json {
  const json = emptyObject()
  const attributes = emptyObject()
  for (const [name, value] of node.attributes)
    attributes[name.startsWith('{}') ? localOf(name) : name] = value
  json['#'] = node.name
  json['@'] = attributes
  json.$ = node.children.length > 0 ? node.children.map(generic) : node.text === '' ? [] : [node.text]
  return json
}

function nameIn(node: EncodedNode, attribute: QualifiedName): QualifiedName | undefined {
  const text = node.attributes.get(attribute)?.replace(/\[.*$/s, '')
  if (text === undefined) return undefined
  const colon = text.indexOf(':')
  const namespace = node.resolve(colon < 0 ? '' : text.slice(0, colon))
  return namespace === undefined ? undefined : qualifiedName(namespace, text.slice(colon + 1))
}

function placeIn(node: EncodedNode, attribute: string): number | undefined {
  const match = /^\[(\d{1,9})\]$/.exec(node.attributes.get(qualifiedName(encoding11, attribute)) ?? '')
  return match === null ? undefined : Number(match[1])
}
