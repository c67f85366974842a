import { invalidInput } from '@strangler/kit/problem.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { openType, typeLabelled } from '../codec/derived-type.ts'
import { createEncodeContext, type EncodeContext, type EncodeContract } from '../codec/encode-context.ts'
import { isJsonObject, type Json, type JsonObject, pointerToken } from '../codec/json.ts'
import { isOpen } from '../codec/labelled-value.ts'
import { anyType } from '../contract/any-type.ts'
import type { ComplexType, ElementDeclaration, SimpleType, SoapVersion } from '../contract/contract.ts'
import { arrayOf, encoding11, encoding12, isArrayName } from '../contract/soap-array.ts'
import { envelopeNamespaces } from '../soap/soap-version.ts'
import { instanceNamespace, localOf, qualifiedName, schemaNamespace } from '../xml/qualified-name.ts'
import { messageLimits } from '../xml/xml-reader.ts'
import { escapeText } from '../xml/xml-text.ts'
import { accessorsOf } from './accessors.ts'

type AnyType = SimpleType | ComplexType
type Writing = { context: EncodeContext; version: SoapVersion }

/**
 * The wrapper of an rpc/encoded message (SOAP 1.1 §7.1): xsi:type everywhere, arrays with the type and number of
 * their items, no references.
 * @throws ToolkitError VALUE_REFUSED with every problem and its JSON pointer
 */
export function encodeEncoded(
  wrapper: ElementDeclaration,
  json: Json,
  contract: EncodeContract,
  version: SoapVersion,
): string {
  const context = createEncodeContext(contract)
  const style = version === '1.1' ? encoding11 : encoding12
  const tag = context.tagOf(wrapper.name)
  const attribute = `${context.prefixFor(envelopeNamespaces[version])}:encodingStyle`
  context.out += `<${tag} ${attribute}="${style}">`
  writeMembers({ context, version }, wrapper.type as ComplexType, json, '', 1)
  context.out += `</${tag}>`
  if (context.problems.length > 0)
    throw invalidInput('VALUE_REFUSED', localOf(wrapper.name), context.problems)
  return context.out.replace(/^<[^\s/>]+/, start => start + context.declarations())
}

function writeMembers(writing: Writing, type: ComplexType, json: Json, path: string, depth: number): void {
  const { context } = writing
  if (!isJsonObject(json) || depth > messageLimits.depth) {
    context.report(path, isJsonObject(json) ? 'is nested too deep' : 'must be an object')
    return
  }
  const accessors = accessorsOf(type)
  for (const key of Object.keys(json))
    if (!accessors.has(key) && key !== '$type')
      context.report(path + pointerToken(key), 'is not a key of this object')
  for (const [key, { element, many, required }] of accessors) {
    const at = path + pointerToken(key)
    const value = json[key]
    const tag = context.tagOf(element.name)
    if (value === undefined) {
      if (required && !element.nillable) context.report(at, 'is missing')
    } else if (!many) writeAccessor(writing, tag, element.type, value, at, depth)
    else if (Array.isArray(value))
      for (const [index, item] of value.entries())
        writeAccessor(writing, tag, element.type, item, `${at}/${index}`, depth)
    else context.report(at, 'must be an array')
  }
}

/** Any accessor may be nil (SOAP 1.1 §5.1, 9). */
function writeAccessor(
  writing: Writing,
  tag: string,
  declared: AnyType,
  given: Json,
  path: string,
  depth: number,
): void {
  const { context } = writing
  const xsi = context.prefixFor(instanceNamespace)
  if (given === null) {
    context.out += `<${tag} ${xsi}:nil="true"/>`
    return
  }
  const type = chosenType(context, declared, given, path)
  if (type === undefined) return
  const json = isOpen({ type: declared }) && isJsonObject(given) && '$' in given ? given.$! : given
  if (type.kind === 'complex' && type.unsupported[0] !== undefined)
    throw new ToolkitError('CONSTRUCT_UNSUPPORTED', type.unsupported[0])
  if (type.kind === 'simple') {
    const text = context.simpleText(type, json, path)
    context.out += `<${tag} ${xsi}:type="${typeTag(context, type)}">${escapeText(text)}</${tag}>`
  } else if (type.soapArray !== undefined) writeArray(writing, tag, type, json, path, depth)
  else {
    const named = type.name === undefined ? '' : ` ${xsi}:type="${context.tagOf(type.name)}"`
    context.out += `<${tag}${named}>`
    if (type.text === undefined) writeMembers(writing, type, json, path, depth + 1)
    else context.out += escapeText(context.simpleText(type.text, (json as JsonObject).$ ?? null, `${path}/$`))
    context.out += `</${tag}>`
  }
}

function writeArray(
  writing: Writing,
  tag: string,
  { soapArray, name }: ComplexType,
  json: Json,
  path: string,
  depth: number,
): void {
  const { context, version } = writing
  if (!Array.isArray(json)) {
    context.report(path, 'must be an array')
    return
  }
  const { item } = soapArray!
  const encoding = context.prefixFor(version === '1.1' ? encoding11 : encoding12)
  const of = typeTag(context, item)
  const size =
    version === '1.1'
      ? `${encoding}:arrayType="${of}[${json.length}]"`
      : `${encoding}:itemType="${of}" ${encoding}:arraySize="${json.length}"`
  const own = name === undefined || isArrayName(name) ? `${encoding}:Array` : context.tagOf(name)
  context.out += `<${tag} ${context.prefixFor(instanceNamespace)}:type="${own}" ${size}>`
  for (const [index, value] of json.entries())
    writeAccessor(writing, 'item', item, value, `${path}/${index}`, depth + 1)
  context.out += `</${tag}>`
}

function chosenType(
  context: EncodeContext,
  declared: AnyType,
  json: Json,
  path: string,
): AnyType | undefined {
  const label = isJsonObject(json) ? json.$type : undefined
  if (isOpen({ type: declared })) {
    if (typeof label === 'string') {
      const type = isArrayName(label) ? arrayOf(anyType) : openType(label, context.contract.types)
      if (type !== undefined) return type
    }
    context.report(`${path}/$type`, 'is needed and must be a type of the contract')
    return undefined
  }
  if (label === undefined || declared.kind === 'simple') return declared
  const type = typeof label === 'string' ? typeLabelled(declared, label) : undefined
  if (type === undefined) context.report(`${path}/$type`, 'is not a type derived from the declared one')
  return type
}

/** The name of a type; of an anonymous simple one the built-in behind it, of an anonymous array its own items' again. */
function typeTag(context: EncodeContext, type: AnyType): string {
  if (type.kind === 'complex' && type.soapArray !== undefined && type.name === undefined)
    return `${typeTag(context, type.soapArray.item)}[]`
  if (type.name !== undefined) return context.tagOf(type.name)
  return context.tagOf(
    qualifiedName(
      schemaNamespace,
      type.kind === 'simple' ? type.builtin.name : anyType.name!.replace(/.*\}/, ''),
    ),
  )
}
