import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { AttributeUse, ComplexType, SimpleType } from '../contract/contract.ts'
import { admits } from '../contract/wildcard.ts'
import { instanceNamespace, qualifiedName } from '../xml/qualified-name.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import type { ResolvePrefix } from '../xml/xml-reader.ts'
import { emptyObject, type Json, type JsonObject } from './json.ts'
import type { Layout } from './layout.ts'
import { readSimpleValue } from './read-simple-value.ts'

type Target = { type: SimpleType | ComplexType; layout: Layout | undefined; object: JsonObject | undefined }

/**
 * Reads the attributes of a start tag into the object, defaults included.
 * @returns whether xsi:nil is set
 */
export function readAttributes(
  { type, layout, object }: Target,
  tag: XmlTag,
  resolve: ResolvePrefix,
  refuse: (message: string) => never,
  unknown: (message: string) => void,
): boolean {
  let nil = false
  for (const { name, uri, local, prefix, value } of tag.attributes) {
    if (prefix === 'xmlns' || name === 'xmlns') continue
    if (uri === instanceNamespace) {
      if (local === 'nil') nil = isNil(value, refuse)
      continue
    }
    const slot = layout?.attributes.get(qualifiedName(uri, local))
    if (slot === undefined && takes(type, uri)) {
      object!['@*'] ??= emptyObject()
      ;(object!['@*'] as JsonObject)[uri === '' ? local : qualifiedName(uri, local)] = value
    } else if (slot === undefined) unknown(`has an attribute ${local} that its type does not have`)
    else object![slot.key] = readAttribute(slot.use, value, resolve, refuse)
  }
  if (layout !== undefined) fillAbsent(layout, object!, resolve, refuse)
  return nil
}

function takes(type: SimpleType | ComplexType, namespace: string): boolean {
  return type.kind === 'complex' && type.anyAttribute !== undefined && admits(type.anyAttribute, namespace)
}

function fillAbsent(
  layout: Layout,
  object: JsonObject,
  resolve: ResolvePrefix,
  refuse: (message: string) => never,
): void {
  for (const { key, use } of layout.attributes.values()) {
    if (key in object) continue
    const fallback = use.defaultValue ?? use.fixedValue
    if (fallback !== undefined) object[key] = readAttribute(use, fallback, resolve, refuse)
    else if (use.required) refuse(`lacks the attribute ${key.slice(1)}`)
  }
}

function isNil(value: string, refuse: (message: string) => never): boolean {
  const text = value.trim()
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : refuse('has an xsi:nil that is not a boolean')
}

function readAttribute(
  use: AttributeUse,
  text: string,
  resolve: ResolvePrefix,
  refuse: (message: string) => never,
): Json {
  try {
    const value = readSimpleValue(use.type, text, resolve)
    if (use.fixedValue !== undefined && value !== readSimpleValue(use.type, use.fixedValue, resolve))
      refuse(`attribute ${use.name} is fixed to ${use.fixedValue}`)
    return value
  } catch (error) {
    return isToolkitError(error, 'VALUE_INVALID')
      ? refuse(`attribute ${use.name} ${error.message}`)
      : raise(error)
  }
}

function raise(error: unknown): never {
  throw error
}
