import type { ElementDeclaration } from '../contract/contract.ts'
import type { EncodeContext } from './encode-context.ts'
import { emptyObject, isJsonObject, type Json, type JsonObject, pointerToken } from './json.ts'

/** `$element` for a member of a substitution group, `#` for a known element where any may stand. */
export type Label = '$element' | '#'

/** The value of an element that has to say which element it is. */
export function labelled(label: Label, name: string, value: Json): JsonObject {
  const object = emptyObject()
  object[label] = name
  if (value === null) object.$nil = true
  else if (isJsonObject(value)) Object.assign(object, value)
  else object.$ = value
  return object
}

/** The value below the label. */
export function unlabelled(
  context: EncodeContext,
  element: ElementDeclaration,
  label: Label,
  value: JsonObject,
  path: string,
): Json {
  const rest = emptyObject()
  for (const [key, item] of Object.entries(value)) if (key !== label) rest[key] = item
  const { type } = element
  if (type.kind === 'complex' ? type.generic && rest.$nil === true : rest.$nil === true) return null
  if (type.kind === 'complex' || isOpen(element)) return rest
  for (const key of Object.keys(rest))
    if (key !== '$') context.report(path + pointerToken(key), 'is not a key of this object')
  return rest.$ ?? null
}

/** Whether any type may stand in for the element's: xs:anyType and xs:anySimpleType. */
export function isOpen({ type }: Pick<ElementDeclaration, 'type'>): boolean {
  return type.kind === 'complex'
    ? type.generic
    : type.name === '{http://www.w3.org/2001/XMLSchema}anySimpleType'
}
