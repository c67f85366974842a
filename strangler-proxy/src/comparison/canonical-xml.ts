import { SaxesParser } from 'saxes'
import { type CanonicalValue, orderKey } from './canonical-value.ts'

const schemaInstance = 'http://www.w3.org/2001/XMLSchema-instance'
const soapEnvelopes = new Set([
  'http://schemas.xmlsoap.org/soap/envelope/',
  'http://www.w3.org/2003/05/soap-envelope',
])
const maxDepth = 200
const maxNodes = 200_000

type Element = {
  uri: string
  local: string
  attributes: Map<string, string>
  nil: boolean
  children: Element[]
  text: string
  prefixes: Record<string, string>
}

/**
 * An XML document as it is compared: prefixes, attribute order, comments and indentation gone.
 * Of a SOAP message the first element of the Body is compared, whichever version carries it.
 * @param nilIsAbsent whether an element with xsi:nil="true" equals an absent one
 * @throws SyntaxError for what is not well-formed, and for any DOCTYPE or processing instruction
 */
export function canonicalXml(text: string, nilIsAbsent: boolean): CanonicalValue {
  const root = payloadOf(parse(text))
  return new Map([[root.local, content(root, nilIsAbsent)]])
}

/** One form for the texts that are the same decimal or the same moment; any other text is its own. */
export function lexicalForm(text: string): string {
  return decimalForm(text) ?? momentOf(text) ?? text
}

function parse(text: string): Element {
  const parser = new SaxesParser({ xmlns: true })
  const open: Element[] = []
  let root: Element | undefined
  let nodes = 0
  const refuse = (what: string) => {
    throw new SyntaxError(what)
  }
  parser.on('error', error => refuse(error.message))
  parser.on('doctype', () => refuse('a DOCTYPE is not allowed'))
  parser.on('processinginstruction', () => refuse('a processing instruction is not allowed'))
  parser.on('opentag', tag => {
    if (++nodes > maxNodes || open.length >= maxDepth) refuse('too large to compare')
    const element: Element = {
      uri: tag.uri,
      local: tag.local,
      attributes: new Map(),
      nil: false,
      children: [],
      text: '',
      prefixes: tag.ns as Record<string, string>,
    }
    for (const attribute of Object.values(tag.attributes)) addAttribute(element, attribute, open)
    open.at(-1)?.children.push(element)
    root ??= element
    open.push(element)
  })
  parser.on('closetag', () => {
    const element = open.at(-1)!
    // The value of a faultcode is a qualified name, whose prefix is as free as any other.
    if (element.local === 'faultcode' || (element.local === 'Value' && soapEnvelopes.has(element.uri)))
      element.text = resolveName(element.text.trim(), open)
    open.pop()
  })
  const addText = (added: string) => {
    const element = open.at(-1)
    if (element !== undefined) element.text += added
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.write(text).close()
  if (root === undefined) throw new SyntaxError('no element')
  return root
}

function addAttribute(
  element: Element,
  { uri, local, prefix, value }: { uri: string; local: string; prefix: string; value: string },
  open: readonly Element[],
): void {
  if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns')) return
  if (uri !== schemaInstance) element.attributes.set(uri === '' ? local : `{${uri}}${local}`, value)
  else if (local === 'nil') element.nil = value === 'true' || value === '1'
  else if (local === 'type') element.attributes.set('xsi:type', resolveName(value, [...open, element]))
}

function resolveName(name: string, open: readonly Element[]): string {
  const colon = name.indexOf(':')
  const prefix = colon === -1 ? '' : name.slice(0, colon)
  for (let index = open.length - 1; index >= 0; index--) {
    const uri = Object.hasOwn(open[index]!.prefixes, prefix) ? open[index]!.prefixes[prefix] : undefined
    if (uri !== undefined) return `{${uri}}${name.slice(colon + 1)}`
  }
  return name
}

function payloadOf(root: Element): Element {
  if (root.local !== 'Envelope' || !soapEnvelopes.has(root.uri)) return root
  const body = root.children.find(child => child.local === 'Body' && child.uri === root.uri)
  return body?.children[0] ?? body ?? root
}

function content(element: Element, nilIsAbsent: boolean): CanonicalValue {
  const keys = new Map<string, CanonicalValue>()
  keys.set('#namespace', element.uri)
  for (const [name, value] of element.attributes) keys.set(`@${name}`, value)
  if (element.nil) {
    keys.set('@nil', 'true')
    return keys
  }
  const children = nilIsAbsent ? element.children.filter(child => !child.nil) : element.children
  const text = element.children.length > 0 ? element.text.trim() : element.text
  if (text.trim() !== '') keys.set('#text', text)
  const groups = new Map<string, CanonicalValue[]>()
  for (const child of children) {
    const group = groups.get(child.local) ?? []
    group.push(content(child, nilIsAbsent))
    groups.set(child.local, group)
  }
  for (const [local, group] of groups) keys.set(local, { group })
  if (groups.size > 1) keys.set(orderKey, [...groups.keys()].join(' '))
  return keys
}

function decimalForm(text: string): string | undefined {
  const found = /^\s*([+-]?)(\d+)(?:\.(\d*))?\s*$/.exec(text)
  if (found === null) return undefined
  const [, sign, whole, fraction = ''] = found
  // Leading zeros stay: 007 is a code, not a number.
  const rest = fraction.replace(/0+$/, '')
  return `${sign === '-' ? '-' : ''}${whole}${rest === '' ? '' : `.${rest}`}`
}

function momentOf(text: string): string | undefined {
  if (!/^\s*\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)\s*$/.test(text)) return undefined
  const moment = Date.parse(text.trim())
  return Number.isNaN(moment) ? undefined : new Date(moment).toISOString()
}
