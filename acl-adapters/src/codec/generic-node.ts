import { instanceNamespace, localOf, namespaceOf, qualifiedName } from '../xml/qualified-name.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import type { ResolvePrefix } from '../xml/xml-reader.ts'
import { messageLimits } from '../xml/xml-reader.ts'
import { escapeAttribute, escapeText, isNcName, isXmlText } from '../xml/xml-text.ts'
import type { EncodeContext } from './encode-context.ts'
import { emptyObject, isJsonObject, type Json, type JsonObject, pointerToken } from './json.ts'

/**
 * XML that no schema describes, as JSON: `{"#": "{ns}name", "@": {"{ns}a": "v"}, "$": ["text", {…}]}`.
 * Prefixes are gone; xsi:type is the one value in which they are resolved.
 */
export type GenericReader = {
  open(tag: XmlTag, resolve: ResolvePrefix): void
  text(text: string): void
  /** @returns whether the node has ended */
  close(): boolean
  readonly node: JsonObject
}

const typeAttribute = qualifiedName(instanceNamespace, 'type')
const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/'

/** Takes the events of one element, its own start tag first. */
export function createGenericReader(): GenericReader {
  const root = emptyObject()
  const open: JsonObject[] = []
  return {
    node: root,
    open(tag, resolve) {
      const node = open.length === 0 ? root : emptyObject()
      node['#'] = qualifiedName(tag.uri, tag.local)
      node['@'] = readGenericAttributes(tag, resolve)
      node.$ = []
      if (open.length > 0) (open.at(-1)!.$ as Json[]).push(node)
      open.push(node)
    },
    text(text) {
      const content = open.at(-1)!.$ as Json[]
      const last = content.length - 1
      if (typeof content[last] === 'string') content[last] += text
      else if (text !== '') content.push(text)
    },
    close() {
      open.pop()
      return open.length === 0
    },
  }
}

function readGenericAttributes(tag: XmlTag, resolve: ResolvePrefix): JsonObject {
  const attributes = emptyObject()
  for (const { name, prefix, uri, local, value } of tag.attributes) {
    if (prefix === 'xmlns' || name === 'xmlns') continue
    const key = uri === '' ? local : qualifiedName(uri, local)
    attributes[key] = key === typeAttribute ? expandName(value.trim(), resolve) : value
  }
  return attributes
}

function expandName(text: string, resolve: ResolvePrefix): string {
  const colon = text.indexOf(':')
  const namespace = resolve(colon < 0 ? '' : text.slice(0, colon))
  return namespace === undefined && colon >= 0 ? text : qualifiedName(namespace ?? '', text.slice(colon + 1))
}

/** Writes a node that says its own name. */
export function writeGenericNode(context: EncodeContext, node: Json, path: string, depth: number): void {
  const name = isJsonObject(node) ? node['#'] : undefined
  if (!isJsonObject(node) || typeof name !== 'string' || !isName(name))
    context.report(`${path}/#`, 'must be a name of the form {namespace}local')
  else writeGenericContent(context, name, node, path, depth, '')
}

/**
 * Writes attributes and content of a node under a name.
 * @param before attributes already written, a space before each
 */
export function writeGenericContent(
  context: EncodeContext,
  name: string,
  node: JsonObject,
  path: string,
  depth: number,
  before: string,
): void {
  if (depth > messageLimits.depth) {
    context.report(path, `is nested more than ${messageLimits.depth} deep`)
    return
  }
  for (const key of Object.keys(node))
    if (!['#', '@', '$'].includes(key))
      context.report(path + pointerToken(key), 'is not a key of this object')
  const content = node.$ ?? []
  if (!Array.isArray(content)) {
    context.report(`${path}/$`, 'must be an array')
    return
  }
  const tag = context.tagOf(name)
  const attributes = before + genericAttributes(context, node['@'] ?? emptyObject(), `${path}/@`)
  context.out += `<${tag}${attributes}>`
  for (const [index, item] of content.entries()) {
    const at = `${path}/$/${index}`
    if (typeof item !== 'string') writeGenericNode(context, item, at, depth + 1)
    else if (isXmlText(item)) context.out += escapeText(item)
    else context.report(at, 'contains a character that XML cannot carry')
  }
  context.out += `</${tag}>`
}

/** Attributes that no schema names, a space before each. */
export function genericAttributes(context: EncodeContext, given: Json, path: string): string {
  if (!isJsonObject(given)) {
    context.report(path, 'must be an object')
    return ''
  }
  let text = ''
  const seen = new Set<string>()
  for (const [key, value] of Object.entries(given)) {
    const at = path + pointerToken(key)
    const name = key.startsWith('{') ? key : qualifiedName('', key)
    if (typeof value !== 'string' || !isXmlText(value))
      context.report(at, 'must be a string that XML can carry')
    else if (!isName(name) || namespaceOf(name) === xmlnsNamespace || seen.has(name))
      context.report(at, 'is not the name of an attribute')
    else {
      seen.add(name)
      const written = name === typeAttribute && isName(value) ? context.tagOf(value) : value
      text += ` ${context.tagOf(name)}="${escapeAttribute(written)}"`
    }
  }
  return text
}

function isName(name: string): boolean {
  return (
    /^\{[^{}]*\}/.test(name) &&
    isXmlText(name) &&
    isNcName(localOf(name)) &&
    namespaceOf(name) !== xmlnsNamespace
  )
}
