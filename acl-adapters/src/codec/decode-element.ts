import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { anyType } from '../contract/any-type.ts'
import type {
  AnyParticle,
  ComplexType,
  Contract,
  ElementDeclaration,
  Particle,
  SimpleType,
} from '../contract/contract.ts'
import { admits } from '../contract/wildcard.ts'
import { instanceNamespace, localOf, type QualifiedName, qualifiedName } from '../xml/qualified-name.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import type { ResolvePrefix } from '../xml/xml-reader.ts'
import { completeScope, missingIn } from './complete-scope.ts'
import type { Edge } from './content-model.ts'
import { readAttributes } from './decode-attributes.ts'
import { append, expectation, expected, type Frame, pathOf, takeMixedText } from './decode-frame.ts'
import { actualType, typeLabel } from './derived-type.ts'
import { createGenericReader, type GenericReader } from './generic-node.ts'
import { emptyObject, type Json, type JsonObject } from './json.ts'
import { isOpen, type Label, labelled } from './labelled-value.ts'
import { isRepeated, layoutOf } from './layout.ts'
import { type Leaf, leafReader } from './leaf-reader.ts'
import { readSimpleValue } from './read-simple-value.ts'
import { readerOf } from './simple-reader.ts'
import type { ArrayTap } from './streamed-array.ts'

/**
 * What to do with a message that is not quite of its schema: `drop` and `absent` leave a warning behind;
 * childOrder `any` takes the children of a plain sequence as they come.
 */
export type DecodeRules = {
  unknown: 'refuse' | 'drop'
  emptyValues: 'refuse' | 'absent'
  childOrder: 'schema' | 'any'
}

export const strictRules: DecodeRules = { unknown: 'refuse', emptyValues: 'refuse', childOrder: 'schema' }
/** For replies: an empty number or date, invalid but common, counts as absent. */
export const replyRules: DecodeRules = { ...strictRules, emptyValues: 'absent' }

/** Takes the events of one element, its own start tag first. */
export type ElementDecoder = {
  open(tag: XmlTag, resolve: ResolvePrefix): void
  text(text: string): void
  /** @returns whether the element has ended, so that `value` stands */
  close(resolve: ResolvePrefix): boolean
  value(): Json
  readonly warnings: readonly DecodeWarning[]
}

/** What is wrong with one item of a list is mostly wrong with all of them. */
const maxWarnings = 1_000

export type DecodeWarning = { path: string; message: string }

/**
 * Decodes one element by its declaration, after CXJ/1.
 * @param tap takes the items of one array, which then has holes in their place
 * Its methods throw ToolkitError MESSAGE_INVALID (details.path is a JSON pointer) and CONSTRUCT_UNSUPPORTED.
 */
export function createElementDecoder(
  root: ElementDeclaration,
  contract: Pick<Contract, 'prefixes' | 'types' | 'elements'>,
  rules: DecodeRules = strictRules,
  tap?: ArrayTap,
): ElementDecoder {
  const result = emptyObject()
  const frames: Frame[] = []
  const warnings: DecodeWarning[] = []
  let skipping = 0
  let leaf: Leaf | undefined
  let leafText = ''

  const refuse = (message: string, details: Record<string, unknown> = {}): never => {
    const path = pathOf(frames)
    throw new ToolkitError('MESSAGE_INVALID', `${path === '' ? 'the message' : path} ${message}`, {
      details: { path, ...details },
    })
  }
  const warn = (message: string) => {
    if (warnings.length < maxWarnings) warnings.push({ path: pathOf(frames), message })
  }
  const unknown = (message: string, details: Record<string, unknown> = {}) => {
    if (rules.unknown === 'refuse') refuse(message, details)
    warn(message)
  }

  const begin = (
    element: ElementDeclaration,
    tag: XmlTag,
    resolve: ResolvePrefix,
    target: JsonObject,
    key: string,
    many: boolean,
    label?: Label,
  ) => {
    const type = actualType(element.type, tag, resolve, contract.types, refuse)
    const unsupported = element.unsupported[0] ?? (type.kind === 'complex' ? type.unsupported[0] : undefined)
    if (unsupported !== undefined) throw unsupportedConstruct(unsupported)
    const frame: Frame = {
      type,
      element,
      layout: undefined,
      object: undefined,
      nil: false,
      text: '',
      hasChildren: false,
      state: undefined,
      groups: [],
      items: [],
      target,
      key,
      many,
      label,
      mixed: undefined,
      generic: undefined,
    }
    frames.push(frame)
    if (type.kind === 'complex' && type.generic) {
      beginGeneric(frame, tag, resolve)
      return
    }
    if (type.kind === 'complex') {
      const layout = layoutOf(type, contract.prefixes)
      if (layout.model.ambiguous !== undefined)
        throw unsupportedConstruct(`ambiguous content at ${layout.model.ambiguous}`)
      frame.layout = layout
      frame.object = emptyObject()
      const { start, anyOrder } = layout.model
      frame.state = rules.childOrder === 'any' && anyOrder !== undefined ? anyOrder : start
      const typeName = typeLabel(element.type, type)
      if (typeName !== undefined) frame.object.$type = typeName
      if (type.mixed && type.text === undefined) frame.mixed = []
    }
    frame.nil = readAttributes(frame, tag, resolve, refuse, unknown)
    if (frame.nil && !element.nillable)
      refuse('is nil, which its declaration does not allow', { content: 'nil' })
  }

  const beginGeneric = (frame: Frame, tag: XmlTag, resolve: ResolvePrefix) => {
    frame.generic = createGenericReader()
    frame.generic.open(tag, resolve)
  }

  /** What stands where the schema takes any element. */
  const beginAny = (
    { wildcard }: AnyParticle,
    name: QualifiedName,
    tag: XmlTag,
    resolve: ResolvePrefix,
    scope: JsonObject,
    key: string,
    many: boolean,
  ) => {
    const known = wildcard.process === 'skip' ? undefined : contract.elements.get(name)
    if (known !== undefined && !known.abstract) begin(known, tag, resolve, scope, key, many, '#')
    else begin(unknownElement(name), tag, resolve, scope, key, many, '#')
  }

  const openChild = (frame: Frame, tag: XmlTag, resolve: ResolvePrefix) => {
    const name = tag.qname
    frame.hasChildren = true
    const edge =
      frame.state?.next.get(name) ?? frame.state?.wild.find(({ particle }) => takesAny(particle, tag.uri))
    if (edge !== undefined && openLeaf(frame, edge, tag, resolve)) return
    if (frame.object === undefined || edge === undefined) {
      const where = tag.uri === '' ? '' : ` of ${tag.uri}`
      unknown(`has an element ${tag.local}${where} ${expectation(frame)}`, {
        unexpected: tag.local,
        expected: expected(frame),
      })
      skipping = 1
      return
    }
    frame.items.length = edge.keep
    frame.groups = edge.groups
    frame.state = edge.state
    for (let depth = edge.keep; frame.mixed === undefined && depth < edge.groups.length; depth += 1) {
      const item = emptyObject()
      append(frame.items[depth - 1] ?? frame.object, edge.groups[depth]!.key, item)
      frame.items.push(item)
    }
    const { particle, element, key } = edge
    const many = isRepeated(particle) && frame.mixed === undefined
    let scope = frame.items.at(-1) ?? frame.object
    if (frame.mixed !== undefined) {
      takeMixedText(frame)
      scope = emptyObject()
      frame.mixed.push(scope)
    }
    if (!many && key in scope) refuse(`has ${tag.local} twice`)
    if (particle.kind === 'any') beginAny(particle, name, tag, resolve, scope, key, many)
    else {
      const label = element === particle.element ? undefined : '$element'
      begin(element!, tag, resolve, scope, key, many, label)
    }
  }

  /** @returns whether the child has only text to give, and nothing about it has to be looked at twice */
  const openLeaf = (frame: Frame, edge: Edge, tag: XmlTag, resolve: ResolvePrefix): boolean => {
    if (tag.attributes.length > 0 || edge.groups.length > 0 || frame.mixed !== undefined) return false
    const { object } = frame
    const read = leafReader(edge)
    if (read === undefined || object === undefined) return false
    if (isRepeated(edge.particle) ? isTapped(edge.key) : edge.key in object) return false
    if (frame.items.length > 0) frame.items.length = 0
    frame.groups = edge.groups
    frame.state = edge.state
    leaf = { edge, read, tag, resolve, object }
    leafText = ''
    return true
  }

  const closeLeaf = ({ edge, read, object, resolve }: Leaf): boolean => {
    let value: Json
    try {
      value = read(leafText, resolve)
    } catch {
      beginLeaf()
      return false
    }
    leaf = undefined
    if (isRepeated(edge.particle)) append(object, edge.key, value)
    else object[edge.key] = value
    return true
  }

  /** The leaf turns out to be none: it becomes an element like any other. */
  const beginLeaf = (): void => {
    const { edge, tag, resolve, object } = leaf!
    leaf = undefined
    begin(edge.element!, tag, resolve, object, edge.key, isRepeated(edge.particle))
    frames.at(-1)!.text = leafText
  }

  /** Whether a child of that name in the innermost frame is an item of the tapped array. */
  const isTapped = (key: string): boolean =>
    tap !== undefined &&
    frames.length === tap.path.length &&
    key === tap.path.at(-1) &&
    frames.every((frame, depth) => depth === 0 || frame.key === tap.path[depth - 1])

  const place = (frame: Frame, plain: Json) => {
    const value = frame.label === undefined ? plain : labelled(frame.label, frame.element.name, plain)
    if (frame.many && isTapped(frame.key)) {
      frame.target[frame.key] ??= []
      const counted = frame.target[frame.key] as Json[]
      counted.length += 1
      tap!.take(
        value,
        frames.map(({ object }) => object!),
      )
    } else if (frame.many) append(frame.target, frame.key, value)
    else frame.target[frame.key] = value
  }

  const readText = (frame: Frame, type: SimpleType, resolve: ResolvePrefix): Json | undefined => {
    const { defaultValue, fixedValue } = frame.element
    const text = frame.text === '' ? (defaultValue ?? fixedValue ?? '') : frame.text
    try {
      const value = readerOf(type)(text, resolve)
      if (
        fixedValue !== undefined &&
        JSON.stringify(value) !== JSON.stringify(readSimpleValue(type, fixedValue, resolve))
      )
        refuse(`is fixed to ${fixedValue}`)
      return value
    } catch (error) {
      if (!isToolkitError(error, 'VALUE_INVALID')) throw error
      if (rules.emptyValues === 'absent' && text.trim() === '') {
        warn(`is empty, taken as absent: it ${error.message}`)
        return undefined
      }
      return refuse(error.message, { content: text.trim() === '' ? 'empty' : 'text' })
    }
  }

  const nilValue = (frame: Frame): Json => {
    if (frame.hasChildren || frame.text.trim() !== '') refuse('is nil and has content')
    if (frame.type !== frame.element.type) {
      frame.object ??= emptyObject()
      frame.object.$type ??= frame.type.name!
    }
    const attributes = Object.keys(frame.object ?? {}).filter(
      key => key.startsWith('@') || (key === '$type' && frame.type !== frame.element.type),
    )
    return attributes.length === 0 ? null : Object.assign(frame.object!, { $nil: true })
  }

  const complexValue = (frame: Frame, type: ComplexType, resolve: ResolvePrefix): Json => {
    const object = frame.object!
    if (type.text !== undefined) {
      const value = readText(frame, type.text, resolve)
      if (value !== undefined) object.$ = value
      return object
    }
    if (frame.mixed !== undefined) takeMixedText(frame)
    else if (/[^\t\n\r ]/.test(frame.text)) refuse('has text between its elements')
    const { model, hasArrays } = frame.layout!
    if (!frame.state!.final) refuse(`ends too early ${expectation(frame)}`, { expected: expected(frame) })
    if (frame.mixed !== undefined) object.$mixed = frame.mixed
    if (type.content === undefined || frame.mixed !== undefined) return object
    if (frame.state === model.anyOrder) {
      const missing = missingIn(type.content, frame.layout!, object)
      if (missing.length > 0) refuse(`lacks ${missing.join(', ')}`, { expected: missing })
    }
    if (hasArrays) completeScope(type.content, undefined, frame.layout!, object, message => refuse(message))
    return object
  }

  return {
    warnings,
    open(tag, resolve) {
      if (skipping > 0) {
        skipping += 1
        return
      }
      if (leaf !== undefined) beginLeaf()
      const frame = frames.at(-1)
      if (frame?.generic !== undefined) frame.generic.open(tag, resolve)
      else if (frame === undefined) begin(root, tag, resolve, result, 'value', false)
      else openChild(frame, tag, resolve)
    },
    text(text) {
      if (leaf !== undefined) {
        leafText += text
        return
      }
      const frame = frames.at(-1)
      if (skipping > 0 || frame === undefined) return
      if (frame.generic === undefined) frame.text += text
      else frame.generic.text(text)
    },
    close(resolve) {
      if (leaf !== undefined && closeLeaf(leaf)) return false
      if (skipping > 0) {
        skipping -= 1
        return false
      }
      const frame = frames.at(-1)!
      const { type } = frame
      if (frame.generic !== undefined && !frame.generic.close()) return false
      const value =
        frame.generic !== undefined
          ? genericValue(frame, frame.generic)
          : frame.nil
            ? nilValue(frame)
            : type.kind === 'complex'
              ? complexValue(frame, type, resolve)
              : typed(frame, readText(frame, type, resolve))
      frames.pop()
      if (value !== undefined) place(frame, value)
      else if (frames.length === 0) refuse('is empty')
      return frames.length === 0
    },
    value: () => result.value!,
  }
}

/** A simple value of a type that stands in for xs:anyType has to say so. */
function typed({ type, element }: Frame, value: Json | undefined): Json | undefined {
  if (value === undefined || type === element.type || !isOpen(element)) return value
  const object = emptyObject()
  object.$type = type.name!
  object.$ = value
  return object
}

function genericValue({ element, label }: Frame, { node }: GenericReader): Json {
  delete node['#']
  const attributes = Object.entries(node['@'] as JsonObject)
  const nil =
    attributes.length === 1 &&
    attributes[0]![0] === nilAttribute &&
    /^(true|1)$/.test(attributes[0]![1] as string)
  return nil && element.nillable && label === undefined && (node.$ as Json[]).length === 0 ? null : node
}

const nilAttribute = qualifiedName(instanceNamespace, 'nil')

function unknownElement(name: QualifiedName): ElementDeclaration {
  return { name, type: anyType, nillable: false, abstract: false, substitutes: [], unsupported: [] }
}

function takesAny(particle: Particle, namespace: string): boolean {
  return particle.kind === 'any' && admits(particle.wildcard, namespace)
}

function unsupportedConstruct(reason: string): ToolkitError {
  return new ToolkitError('CONSTRUCT_UNSUPPORTED', `the schema uses what is not supported: ${reason}`)
}
