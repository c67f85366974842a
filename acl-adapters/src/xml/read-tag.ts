import { expandReferences } from './expand-references.ts'
import { declarationNamespace, type Namespaces, nestNamespaces } from './namespaces.ts'
import { type QualifiedName, qualifiedName, xmlNamespace } from './qualified-name.ts'
import type { XmlLimits } from './xml-reader.ts'
import { isNcName } from './xml-text.ts'

export type XmlAttribute = {
  /** As it is written, prefix included. */
  readonly name: string
  readonly prefix: string
  readonly local: string
  /** '' for an attribute without a prefix, whatever the default namespace. */
  readonly uri: string
  readonly value: string
}

/** A start tag. Equal tags of a document may be one object. */
export type XmlTag = {
  readonly name: string
  readonly prefix: string
  readonly local: string
  readonly uri: string
  readonly qname: QualifiedName
  /** In their order, namespace declarations included. */
  readonly attributes: readonly XmlAttribute[]
  /** Those in force inside the element. */
  readonly namespaces: Namespaces
}

/** Throws: the code XML_MALFORMED where none is given. */
type Refuse = (message: string, code?: string) => never
type Mutable<T> = { -readonly [key in keyof T]: T[key] }

const none: readonly Mutable<XmlAttribute>[] = []
const attribute = /[ \t\n]+([^ \t\n=<>"'/]+)[ \t\n]*=[ \t\n]*(?:"([^"]*)"|'([^']*)')/y

/** Reads what stands between `<` and `>` of a start tag. */
export function readTag(text: string, outer: Namespaces, limits: XmlLimits, refuse: Refuse): XmlTag {
  const end = /[ \t\n]/.exec(text)?.index ?? text.length
  const name = text.slice(0, end)
  const { prefix, local } = splitName(name, refuse)
  if (prefix === 'xmlns') refuse('an element has the prefix xmlns')
  const attributes = end === text.length ? none : readAttributes(text, end, limits, refuse)
  const own = declarationsOf(attributes, refuse)
  const namespaces = own === undefined ? outer : nestNamespaces(outer, own)
  const uri = namespaceOf(prefix, namespaces, refuse)
  for (const one of attributes)
    if (one.prefix !== '') one.uri = namespaceOf(one.prefix, namespaces, refuse)
    else if (one.name === 'xmlns') one.uri = declarationNamespace
  refuseDuplicates(attributes, refuse)
  return { name, prefix, local, uri, qname: qualifiedName(uri, local), attributes, namespaces }
}

function readAttributes(
  text: string,
  from: number,
  limits: XmlLimits,
  refuse: Refuse,
): Mutable<XmlAttribute>[] {
  const written: Mutable<XmlAttribute>[] = []
  attribute.lastIndex = from
  let end = from
  for (let match = attribute.exec(text); match !== null; match = attribute.exec(text)) {
    end = attribute.lastIndex
    const name = match[1]!
    const raw = match[2] ?? match[3]!
    if (written.length >= limits.attributes || raw.length > limits.attributeLength)
      refuse(
        `an element has more than ${limits.attributes} attributes, or one longer than ${limits.attributeLength} characters`,
        'XML_TOO_MANY_ATTRIBUTES',
      )
    const { prefix, local } = splitName(name, refuse)
    written.push({ name, prefix, local, uri: '', value: attributeValue(raw, refuse) })
  }
  if (/[^ \t\n]/.test(text.slice(end))) refuse('an attribute is not one')
  return written
}

/** White space as blanks (XML 1.0 §3.3.3), references expanded. */
function attributeValue(raw: string, refuse: Refuse): string {
  if (raw.includes('<')) refuse('an attribute has < in it')
  const value = raw.includes('\n') || raw.includes('\t') ? raw.replace(/[\t\n]/g, ' ') : raw
  return value.includes('&') ? expandReferences(value, refuse) : value
}

function splitName(name: string, refuse: Refuse): { prefix: string; local: string } {
  const colon = name.indexOf(':')
  const prefix = colon < 0 ? '' : name.slice(0, colon)
  const local = name.slice(colon + 1)
  if (!isNcName(local) || (colon >= 0 && !isNcName(prefix))) refuse(`${name.slice(0, 40)} is not a name`)
  return { prefix, local }
}

/** Namespaces in XML 1.0 §3: what is reserved stays as it is, and a prefix cannot be undeclared. */
function declarationsOf(written: readonly XmlAttribute[], refuse: Refuse): Map<string, string> | undefined {
  let own: Map<string, string> | undefined
  for (const { name, prefix, local, value: given } of written) {
    if (name !== 'xmlns' && prefix !== 'xmlns') continue
    const value = given.trim()
    const declared = name === 'xmlns' ? '' : local
    if (declared === 'xmlns' || value === declarationNamespace) refuse('xmlns cannot be bound')
    if ((declared === 'xml') !== (value === xmlNamespace)) refuse('xml cannot be bound to another namespace')
    if (declared !== '' && value === '') refuse(`the prefix ${declared} cannot be undeclared`)
    own ??= new Map()
    own.set(declared, value)
  }
  return own
}

function namespaceOf(prefix: string, namespaces: Namespaces, refuse: Refuse): string {
  const namespace = namespaces.resolve(prefix)
  if (namespace === undefined && prefix !== '') refuse(`the prefix ${prefix.slice(0, 40)} is not bound`)
  return namespace ?? ''
}

function refuseDuplicates(attributes: readonly XmlAttribute[], refuse: Refuse): void {
  if (attributes.length < 2) return
  const seen = new Set<string>()
  for (const { name, prefix, uri, local } of attributes) {
    const key = prefix === '' ? name : qualifiedName(uri, local)
    if (seen.has(key)) refuse(`the attribute ${name.slice(0, 40)} stands twice`)
    seen.add(key)
  }
}
