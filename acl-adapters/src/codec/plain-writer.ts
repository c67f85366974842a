import type {
  AttributeUse,
  ComplexType,
  ElementDeclaration,
  ElementParticle,
  Particle,
} from '../contract/contract.ts'
import { instanceNamespace, localOf, namespaceOf } from '../xml/qualified-name.ts'
import { messageLimits } from '../xml/xml-reader.ts'
import { escapeAttribute, escapeText } from '../xml/xml-text.ts'
import type { EncodeContext } from './encode-context.ts'
import { isJsonObject, type Json, type JsonObject, ownValue } from './json.ts'
import { isOpen } from './labelled-value.ts'
import { isRepeated, type Layout, layoutOf } from './layout.ts'
import { isInert, type PlainText, plainTextOf } from './plain-text.ts'

/**
 * Appends the XML of a value.
 * @returns false where something about the value has to be looked at; what was appended then does not count
 */
export type PlainWriter = (context: EncodeContext, value: Json, depth: number) => boolean

/** Writes an element that has no plain writer; problems are reported to the context. */
type WriteElement = (context: EncodeContext, element: ElementDeclaration, value: Json, depth: number) => void

type ScopeWriter = (context: EncodeContext, object: JsonObject, depth: number) => boolean
type AttributeWriter = { key: string; write(context: EncodeContext, value: Json): string | undefined }
/** `keys` are those it takes from the object, so that a key that nobody takes is noticed. */
type ContentWriter = { keys: readonly string[]; write: ScopeWriter }

const writers = new WeakMap<ElementDeclaration, PlainWriter | 'none'>()

/**
 * The encoder made for one element of a contract: what most messages consist of, sequences and choices of elements
 * with attributes, text and nil. Undefined where its type has more to it.
 */
export function plainWriterOf(
  element: ElementDeclaration,
  prefixes: ReadonlyMap<string, string>,
  otherwise: WriteElement,
): PlainWriter | undefined {
  let writer = writers.get(element)
  if (writer === undefined) {
    writer = createWriter(element, prefixes, otherwise) ?? 'none'
    writers.set(element, writer)
  }
  return writer === 'none' ? undefined : writer
}

function createWriter(
  element: ElementDeclaration,
  prefixes: ReadonlyMap<string, string>,
  otherwise: WriteElement,
): PlainWriter | undefined {
  const { type } = element
  const namespace = namespaceOf(element.name)
  const prefix = namespace === '' ? '' : prefixes.get(namespace)
  if (prefix === undefined || isOpen(element) || element.abstract) return undefined
  if (element.fixedValue !== undefined || element.unsupported.length > 0) return undefined
  const local = localOf(element.name)
  const tag = createTag(prefix === '' ? local : `${prefix}:${local}`, namespace)
  if (type.kind === 'complex') return createComplexWriter(element, type, tag, prefixes, otherwise)
  const textOf = plainTextOf(type)
  if (textOf === undefined) return undefined
  const escaped = isInert(type) ? (text: string) => text : escapeText
  return (context, value, depth) => {
    if (value === null) return writeNil(context, element, tag)
    const text = textOf(value)
    if (text === undefined || depth > messageLimits.depth) return false
    use(context, tag)
    context.out += text === '' ? tag.empty : tag.start + escaped(text) + tag.end
    return true
  }
}

/** `opening` is the start tag up to its attributes. */
type Tag = { namespace: string; opening: string; start: string; empty: string; end: string }

function createTag(name: string, namespace: string): Tag {
  return { namespace, opening: `<${name}`, start: `<${name}>`, empty: `<${name}/>`, end: `</${name}>` }
}

/** Has the root declare the namespace. */
function use(context: EncodeContext, { namespace }: Tag): void {
  if (context.lastUsed === namespace || namespace === '') return
  context.prefixFor(namespace)
  context.lastUsed = namespace
}

function writeNil(context: EncodeContext, { nillable, type }: ElementDeclaration, tag: Tag): boolean {
  if (!nillable || (type.kind === 'complex' && type.attributes.some(({ required }) => required))) return false
  use(context, tag)
  context.out += `${tag.opening} ${context.prefixFor(instanceNamespace)}:nil="true"/>`
  return true
}

function createComplexWriter(
  element: ElementDeclaration,
  type: ComplexType,
  tag: Tag,
  prefixes: ReadonlyMap<string, string>,
  otherwise: WriteElement,
): PlainWriter | undefined {
  if (type.abstract || type.mixed || type.generic || type.unsupported.length > 0) return undefined
  const layout = layoutOf(type, prefixes)
  if (layout.model.ambiguous !== undefined) return undefined
  const attributes = attributeWriters(layout)
  const content =
    type.text === undefined
      ? enclosed(tag, contentWriter(type.content, layout, prefixes, otherwise))
      : textWriter(tag, plainTextOf(type.text))
  if (attributes === undefined || content === undefined) return undefined
  const keys = new Set([...content.keys, ...attributes.map(({ key }) => key)])
  return (context, value, depth) => {
    if (value === null) return writeNil(context, element, tag)
    if (!isJsonObject(value) || depth > messageLimits.depth) return false
    for (const key in value) if (!keys.has(key)) return false
    use(context, tag)
    context.out += tag.opening
    for (const { key, write } of attributes) {
      const text = write(context, ownValue(value, key)!)
      if (text === undefined) return false
      context.out += text
    }
    return content.write(context, value, depth)
  }
}

/** Ends the start tag, writes the content and the end tag. */
function enclosed({ end }: Tag, content: ContentWriter | undefined): ContentWriter | undefined {
  if (content === undefined) return undefined
  const { keys, write } = content
  return {
    keys,
    write(context, object, depth) {
      context.out += '>'
      if (!write(context, object, depth)) return false
      context.out += end
      return true
    },
  }
}

function textWriter({ end }: Tag, textOf: PlainText | undefined): ContentWriter | undefined {
  if (textOf === undefined) return undefined
  return {
    keys: ['$'],
    write(context, { $: value }) {
      const text = value === undefined ? undefined : textOf(value)
      if (text === undefined) return false
      context.out += text === '' ? '/>' : `>${escapeText(text)}${end}`
      return true
    },
  }
}

function attributeWriters(layout: Layout): AttributeWriter[] | undefined {
  const all: AttributeWriter[] = []
  for (const { key, use: one } of layout.attributes.values()) {
    const textOf = plainTextOf(one.type)
    if (textOf === undefined || one.fixedValue !== undefined) return undefined
    all.push({ key, write: (context, value) => attributeText(context, one, textOf, value) })
  }
  return all
}

function attributeText(
  context: EncodeContext,
  { name, required }: AttributeUse,
  textOf: PlainText,
  value: Json | undefined,
): string | undefined {
  if (value === undefined) return required ? undefined : ''
  const text = textOf(value)
  return text === undefined ? undefined : ` ${context.tagOf(name)}="${escapeAttribute(text)}"`
}

function contentWriter(
  particle: Particle | undefined,
  layout: Layout,
  prefixes: ReadonlyMap<string, string>,
  otherwise: WriteElement,
): ContentWriter | undefined {
  if (particle === undefined) return { keys: [], write: () => true }
  if (particle.kind === 'any') return undefined
  if (particle.kind === 'element') return elementWriter(particle, layout, prefixes, otherwise)
  if (particle.min !== 1 || particle.max !== 1) return undefined
  const items: ContentWriter[] = []
  for (const item of particle.items) {
    // Which branch of a choice is meant is plain where each has a key of its own.
    if (particle.kind === 'choice' && (item.kind !== 'element' || isRepeated(item))) return undefined
    const writer = contentWriter(item, layout, prefixes, otherwise)
    if (writer === undefined) return undefined
    items.push(writer)
  }
  const keys = items.flatMap(item => item.keys)
  if (particle.kind === 'choice' && new Set(keys).size < keys.length) return undefined
  return { keys, write: particle.kind === 'choice' ? oneOf(items) : all(items) }
}

function all(items: readonly ContentWriter[]): ScopeWriter {
  const writes = items.map(({ write }) => write)
  return (context, object, depth) => {
    for (const write of writes) if (!write(context, object, depth)) return false
    return true
  }
}

function oneOf(items: readonly ContentWriter[]): ScopeWriter {
  return (context, object, depth) => {
    const given = items.filter(({ keys: [key] }) => ownValue(object, key!) !== undefined)
    return given.length === 1 && given[0]!.write(context, object, depth)
  }
}

function elementWriter(
  particle: ElementParticle,
  layout: Layout,
  prefixes: ReadonlyMap<string, string>,
  otherwise: WriteElement,
): ContentWriter {
  const { element, min, max } = particle
  const key = layout.keys.get(particle)!
  const write = childWriter(element, prefixes, otherwise)
  const writeOne: ScopeWriter = (context, object, depth) => {
    const value = ownValue(object, key)
    return value === undefined ? min === 0 : write(context, value, depth + 1)
  }
  const writeMany: ScopeWriter = (context, object, depth) => {
    const values = ownValue(object, key) ?? []
    if (!Array.isArray(values) || values.length < min || values.length > max) return false
    for (const value of values) if (!write(context, value, depth + 1)) return false
    return true
  }
  return { keys: [key], write: isRepeated(particle) ? writeMany : writeOne }
}

/** Made when first needed, because types may contain themselves. */
function childWriter(
  element: ElementDeclaration,
  prefixes: ReadonlyMap<string, string>,
  otherwise: WriteElement,
): PlainWriter {
  let writer: PlainWriter | undefined
  const atLarge: PlainWriter = (context, value, depth) => {
    const known = context.problems.length
    otherwise(context, element, value, depth)
    return context.problems.length === known
  }
  return (context, value, depth) => {
    writer ??= plainWriterOf(element, prefixes, otherwise) ?? atLarge
    return writer(context, value, depth)
  }
}
