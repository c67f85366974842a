import { builtinTypes } from '../contract/builtin-types.ts'
import type { ComplexType, Contract, SimpleType } from '../contract/contract.ts'
import {
  instanceNamespace,
  localOf,
  namespaceOf,
  type QualifiedName,
  qualifiedName,
  schemaNamespace,
} from '../xml/qualified-name.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import type { ResolvePrefix } from '../xml/xml-reader.ts'
import { isOpen } from './labelled-value.ts'

type AnyType = SimpleType | ComplexType

/** The type an element is of: xsi:type where it names the declared type or one derived from it. */
export function actualType(
  declared: AnyType,
  tag: XmlTag,
  resolve: ResolvePrefix,
  types: Contract['types'],
  refuse: (message: string) => never,
): AnyType {
  const text = xsiType(tag)
  if (text === undefined) return concrete(declared, refuse)
  const trimmed = text.trim()
  const colon = trimmed.indexOf(':')
  const namespace = resolve(colon < 0 ? '' : trimmed.slice(0, colon)) ?? ''
  const name = qualifiedName(namespace, trimmed.slice(colon + 1))
  if (name === declared.name) return concrete(declared, refuse)
  if (isOpen({ type: declared })) return concrete(openType(name, types) ?? declared, refuse)
  const derived = declared.kind === 'complex' ? declared.derived.find(type => type.name === name) : undefined
  return concrete(
    derived ?? refuse(`has xsi:type ${trimmed}, which is not derived from its declared type`),
    refuse,
  )
}

/** A type that may stand in for xs:anyType: a built-in or one of the contract. */
export function openType(name: QualifiedName, types: Contract['types']): AnyType | undefined {
  return namespaceOf(name) === schemaNamespace ? builtinTypes.get(localOf(name)) : types.get(name)
}

/** `$type` of a value: undefined where the declared type has no derived types; `{ns}local` where local is not enough. */
export function typeLabel(declared: AnyType, actual: AnyType): string | undefined {
  if (isOpen({ type: declared })) return declared === actual ? undefined : actual.name
  if (declared.kind === 'simple' || declared.derived.length === 0 || actual.name === undefined)
    return undefined
  const local = localOf(actual.name)
  const candidates = [declared, ...declared.derived]
  const same = candidates.filter(({ name }) => name !== undefined && localOf(name) === local)
  return same.length > 1 ? actual.name : local
}

/** The type a `$type` label means below the declared one; undefined where there is none. */
export function typeLabelled(declared: ComplexType, label: string): ComplexType | undefined {
  return [declared, ...declared.derived].find(
    type => typeLabel(declared, type) === label || type.name === label,
  )
}

function xsiType(tag: XmlTag): string | undefined {
  for (const attribute of tag.attributes) {
    if (attribute.local === 'type' && attribute.uri === instanceNamespace) return attribute.value
  }
  return undefined
}

function concrete(type: AnyType, refuse: (message: string) => never): AnyType {
  return type.kind === 'complex' && type.abstract ? refuse('is of an abstract type and names no other') : type
}
