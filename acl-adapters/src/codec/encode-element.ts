import { invalidInput } from '@strangler/kit/problem.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { ComplexType, ElementDeclaration } from '../contract/contract.ts'
import { admits } from '../contract/wildcard.ts'
import { instanceNamespace, localOf, namespaceOf, qualifiedName } from '../xml/qualified-name.ts'
import { messageLimits } from '../xml/xml-reader.ts'
import { escapeAttribute, escapeText } from '../xml/xml-text.ts'
import { openType, typeLabelled } from './derived-type.ts'
import { createEncodeContext, type EncodeContext, type EncodeContract } from './encode-context.ts'
import { writeMixed } from './encode-mixed.ts'
import { writeMember, writeParticle } from './encode-particle.ts'
import { genericAttributes, writeGenericContent } from './generic-node.ts'
import { isJsonObject, type Json, type JsonObject, pointerToken } from './json.ts'
import { isOpen } from './labelled-value.ts'
import { type Layout, layoutOf } from './layout.ts'
import { plainWriterOf } from './plain-writer.ts'

/**
 * The XML of a value, in schema order whatever the order of its keys; namespaces are declared on its root.
 * @throws ToolkitError VALUE_REFUSED with every problem and its JSON pointer, CONSTRUCT_UNSUPPORTED
 */
export function encodeElement(element: ElementDeclaration, value: Json, contract: EncodeContract): string {
  const context = createEncodeContext(contract)
  writeElement(context, element, value, '', 1)
  if (context.problems.length > 0)
    throw invalidInput('VALUE_REFUSED', localOf(element.name), context.problems)
  const start = context.tagOf(element.name).length + 1
  return context.out.slice(0, start) + context.declarations() + context.out.slice(start)
}

/** @param path JSON pointer to the value */
export function writeElement(
  context: EncodeContext,
  element: ElementDeclaration,
  json: Json,
  path: string,
  depth: number,
): void {
  if (depth > messageLimits.depth) {
    context.report(path, `is nested more than ${messageLimits.depth} deep`)
    return
  }
  if (!context.careful && writePlain(context, element, json, depth)) return
  refuseUnsupported(element.unsupported)
  const { type } = element
  if (element.abstract) context.report(path, 'is of an abstract element: $element has to name one for it')
  else if (json === null) writeNil(context, element, path)
  else if (isOpen(element) && isJsonObject(json)) writeOpen(context, element, json, path, depth)
  else if (type.kind === 'simple') {
    const text = context.simpleText(type, json, path)
    writeTag(context, context.tagOf(element.name), '', checkFixed(context, element, text, path))
  } else if (isJsonObject(json)) writeComplex(context, element, type, json, path, depth)
  else context.report(path, 'must be an object')
}

/** The short way; where it ends early, the whole value is written again at large, once in a message. */
function writePlain(context: EncodeContext, element: ElementDeclaration, json: Json, depth: number): boolean {
  const writer = plainWriterOf(element, context.prefixes, writeChildAtLarge)
  if (writer === undefined) return false
  const { out, problems } = context
  const known = problems.length
  if (writer(context, json, depth)) return true
  context.out = out
  problems.length = known
  context.careful = true
  return false
}

function writeChildAtLarge(
  context: EncodeContext,
  element: ElementDeclaration,
  json: Json,
  depth: number,
): void {
  writeMember(context, element, json, '', depth)
}

/** A value of xs:anyType: of the type it names, or a generic node. */
function writeOpen(
  context: EncodeContext,
  element: ElementDeclaration,
  json: JsonObject,
  path: string,
  depth: number,
): void {
  const label = json.$type
  if (label === undefined && element.type.kind === 'complex') {
    if ('#' in json) context.report(`${path}/#`, 'is not a key of this object')
    writeGenericContent(context, element.name, json, path, depth, '')
    return
  }
  const type = typeof label === 'string' ? openType(label, context.contract.types) : undefined
  if (type?.name === undefined || (type.kind === 'complex' && type.abstract)) {
    context.report(`${path}/$type`, 'is not a type of the contract')
    return
  }
  if (type.kind === 'complex') {
    writeComplex(context, element, type, json, path, depth)
    return
  }
  const nil = json.$nil === true
  for (const key of Object.keys(json))
    if (key !== '$type' && key !== (nil ? '$nil' : '$'))
      context.report(path + pointerToken(key), 'is not a key of this object')
  if (nil && !element.nillable) context.report(path, 'must not be nil')
  const xsi = context.prefixFor(instanceNamespace)
  const attributes = ` ${xsi}:type="${context.tagOf(type.name)}"${nil ? ` ${xsi}:nil="true"` : ''}`
  const text = nil ? '' : context.simpleText(type, json.$ ?? null, `${path}/$`)
  writeTag(context, context.tagOf(element.name), attributes, text)
}

function writeNil(context: EncodeContext, { name, nillable, type }: ElementDeclaration, path: string): void {
  if (!nillable) context.report(path, 'must not be null')
  else if (type.kind === 'complex' && type.attributes.some(({ required }) => required))
    context.report(path, 'must be an object with $nil and the required attributes')
  else context.out += `<${context.tagOf(name)} ${context.prefixFor(instanceNamespace)}:nil="true"/>`
}

function writeComplex(
  context: EncodeContext,
  element: ElementDeclaration,
  declared: ComplexType,
  json: JsonObject,
  path: string,
  depth: number,
): void {
  const type = declared === element.type ? chooseType(context, declared, json, path) : declared
  if (type === undefined) return
  refuseUnsupported(type.unsupported)
  const layout = layoutOf(type, context.prefixes)
  if (layout.model.ambiguous !== undefined)
    refuseUnsupported([`ambiguous content at ${layout.model.ambiguous}`])
  const nil = json.$nil === true
  if (nil && !element.nillable) context.report(path, 'must not be nil')
  reportUnknownKeys(context, layout, type, json, path)
  const tag = context.tagOf(element.name)
  const named = type !== element.type
  const xsi = named || nil ? context.prefixFor(instanceNamespace) : ''
  const attributes =
    (!named ? '' : ` ${xsi}:type="${context.tagOf(type.name!)}"`) +
    (nil ? ` ${xsi}:nil="true"` : '') +
    attributesOf(context, layout, json, path) +
    openAttributes(context, type, layout, json, path)
  if (nil) writeTag(context, tag, attributes, '')
  else if (type.text !== undefined) {
    if (json.$ === undefined) context.report(`${path}/$`, 'is missing')
    else {
      const text = context.simpleText(type.text, json.$, `${path}/$`)
      writeTag(context, tag, attributes, checkFixed(context, element, text, path))
    }
  } else {
    context.out += `<${tag}${attributes}>`
    if (type.mixed) writeMixed(context, layout, json.$mixed ?? [], `${path}/$mixed`, depth)
    else if (type.content !== undefined)
      writeParticle(context, { layout, json, path, depth, owner: undefined }, type.content)
    context.out += `</${tag}>`
  }
}

/** The declared type, or the one below it that $type names. */
function chooseType(
  { report }: EncodeContext,
  declared: ComplexType,
  json: JsonObject,
  path: string,
): ComplexType | undefined {
  const label = json.$type
  let type: ComplexType | undefined = declared
  if (label !== undefined)
    type =
      typeof label === 'string' && declared.derived.length > 0 ? typeLabelled(declared, label) : undefined
  if (type === undefined) report(`${path}/$type`, 'is not a type derived from the declared one')
  else if (type.abstract) report(`${path}/$type`, 'is needed: the declared type is abstract')
  return type?.abstract ? undefined : type
}

function reportUnknownKeys(
  { report }: EncodeContext,
  layout: Layout,
  type: ComplexType,
  json: JsonObject,
  path: string,
): void {
  const nil = json.$nil === true
  const children = layout.scopes.get(undefined)!
  const isContentKey = (key: string) =>
    type.mixed && type.text === undefined ? key === '$mixed' : children.has(key)
  const isKnown = (key: string) =>
    layout.attributeKeys.has(key) ||
    key === '$type' ||
    (key === '$nil' && typeof json[key] === 'boolean') ||
    (key === '@*' && type.anyAttribute !== undefined) ||
    (!nil && (key === '$' ? type.text !== undefined : isContentKey(key)))
  for (const key of Object.keys(json))
    if (!isKnown(key))
      report(path + pointerToken(key), nil ? 'cannot stand beside $nil' : 'is not a key of this object')
}

function attributesOf(context: EncodeContext, layout: Layout, json: JsonObject, path: string): string {
  let text = ''
  for (const { key, use } of layout.attributes.values()) {
    const at = path + pointerToken(key)
    const value = json[key]
    if (value === undefined) {
      if (use.required) context.report(at, 'is missing')
      continue
    }
    const written = context.simpleText(use.type, value, at)
    if (use.fixedValue !== undefined && written !== use.fixedValue)
      context.report(at, `is fixed to ${use.fixedValue}`)
    text += ` ${context.tagOf(use.name)}="${escapeAttribute(written)}"`
  }
  return text
}

/** Attributes beside those declared, where the type takes any. */
function openAttributes(
  context: EncodeContext,
  { anyAttribute }: ComplexType,
  layout: Layout,
  json: JsonObject,
  path: string,
): string {
  const given = json['@*']
  if (anyAttribute === undefined || given === undefined) return ''
  if (isJsonObject(given))
    for (const key of Object.keys(given)) {
      const name = key.startsWith('{') ? key : qualifiedName('', key)
      const namespace = namespaceOf(name)
      if (layout.attributes.has(name) || namespace === instanceNamespace || !admits(anyAttribute, namespace))
        context.report(`${path}/@*${pointerToken(key)}`, 'is not an attribute that may be added')
    }
  return genericAttributes(context, given, `${path}/@*`)
}

function checkFixed(
  { report }: EncodeContext,
  element: ElementDeclaration,
  text: string,
  path: string,
): string {
  if (element.fixedValue !== undefined && text !== element.fixedValue)
    report(path, `is fixed to ${element.fixedValue}`)
  return text
}

function writeTag(context: EncodeContext, tag: string, attributes: string, text: string): void {
  context.out += text === '' ? `<${tag}${attributes}/>` : `<${tag}${attributes}>${escapeText(text)}</${tag}>`
}

function refuseUnsupported([reason]: readonly string[]): void {
  if (reason !== undefined)
    throw new ToolkitError('CONSTRUCT_UNSUPPORTED', `the schema uses what is not supported: ${reason}`)
}
