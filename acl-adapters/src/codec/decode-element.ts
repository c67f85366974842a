import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { ComplexType, Contract, ElementDeclaration, Particle, SimpleType } from '../contract/contract.ts'
import { localOf, qualifiedName } from '../xml/qualified-name.ts'
import type { ResolvePrefix, XmlTag } from '../xml/xml-reader.ts'
import { completeScope, isPresent } from './complete-scope.ts'
import type { GroupEntry, State } from './content-model.ts'
import { readAttributes } from './decode-attributes.ts'
import { actualType, typeLabel } from './derived-type.ts'
import { emptyObject, type Json, type JsonObject, pointerToken } from './json.ts'
import { type Layout, layoutOf } from './layout.ts'
import { readSimpleValue } from './read-simple-value.ts'

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

export type DecodeWarning = { path: string; message: string }

type Frame = {
  type: SimpleType | ComplexType
  element: ElementDeclaration
  layout: Layout | undefined
  object: JsonObject | undefined
  nil: boolean
  text: string
  hasChildren: boolean
  state: State | undefined
  groups: readonly GroupEntry[]
  items: JsonObject[]
  target: JsonObject
  key: string
  many: boolean
}

/**
 * Decodes one element by its declaration, after CXJ/1.
 * Its methods throw ToolkitError MESSAGE_INVALID (details.path is a JSON pointer) and CONSTRUCT_UNSUPPORTED.
 */
export function createElementDecoder(
  root: ElementDeclaration,
  contract: Pick<Contract, 'prefixes'>,
  rules: DecodeRules = strictRules,
): ElementDecoder {
  const result = emptyObject()
  const frames: Frame[] = []
  const warnings: DecodeWarning[] = []
  let skipping = 0

  const refuse = (message: string, details: Record<string, unknown> = {}): never => {
    const path = pathOf(frames)
    throw new ToolkitError('MESSAGE_INVALID', `${path === '' ? 'the message' : path} ${message}`, {
      details: { path, ...details },
    })
  }
  const warn = (message: string) => {
    warnings.push({ path: pathOf(frames), message })
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
  ) => {
    const type = actualType(element.type, tag, resolve, refuse)
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
    }
    frames.push(frame)
    if (type.kind === 'complex') {
      const layout = layoutOf(type, contract.prefixes)
      if (layout.model.ambiguous !== undefined)
        throw unsupportedConstruct(`ambiguous content at ${layout.model.ambiguous}`)
      frame.layout = layout
      frame.object = emptyObject()
      const { start, anyOrder } = layout.model
      frame.state = rules.childOrder === 'any' && anyOrder !== undefined ? anyOrder : start
      const label = typeLabel(element.type, type)
      if (label !== undefined) frame.object.$type = label
    }
    frame.nil = readAttributes(frame, tag, resolve, refuse, unknown)
    if (frame.nil && !element.nillable)
      refuse('is nil, which its declaration does not allow', { content: 'nil' })
  }

  const openChild = (frame: Frame, tag: XmlTag, resolve: ResolvePrefix) => {
    const name = qualifiedName(tag.uri, tag.local)
    frame.hasChildren = true
    const edge = frame.state?.next.get(name)
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
    for (let depth = edge.keep; depth < edge.groups.length; depth += 1) {
      const item = emptyObject()
      append(frame.items[depth - 1] ?? frame.object, edge.groups[depth]!.key, item)
      frame.items.push(item)
    }
    const scope = frame.items.at(-1) ?? frame.object
    const many = edge.particle.max > 1
    if (!many && edge.key in scope) refuse(`has ${tag.local} twice`)
    begin(edge.particle.element, tag, resolve, scope, edge.key, many)
  }

  const place = (frame: Frame, value: Json) => {
    if (frame.many) append(frame.target, frame.key, value)
    else frame.target[frame.key] = value
  }

  const readText = (frame: Frame, type: SimpleType, resolve: ResolvePrefix): Json | undefined => {
    const { defaultValue, fixedValue } = frame.element
    const text = frame.text === '' ? (defaultValue ?? fixedValue ?? '') : frame.text
    try {
      const value = readSimpleValue(type, text, resolve)
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
    const attributes = Object.keys(frame.object ?? {}).filter(key => key.startsWith('@'))
    return attributes.length === 0 ? null : Object.assign(frame.object!, { $nil: true })
  }

  const complexValue = (frame: Frame, type: ComplexType, resolve: ResolvePrefix): Json => {
    const object = frame.object!
    if (type.text !== undefined) {
      const value = readText(frame, type.text, resolve)
      if (value !== undefined) object.$ = value
      return object
    }
    if (/[^\t\n\r ]/.test(frame.text)) refuse('has text between its elements')
    const { model, hasArrays } = frame.layout!
    if (!frame.state!.final) refuse(`ends too early ${expectation(frame)}`, { expected: expected(frame) })
    if (type.content === undefined) return object
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
      const frame = frames.at(-1)
      if (frame === undefined) begin(root, tag, resolve, result, 'value', false)
      else openChild(frame, tag, resolve)
    },
    text(text) {
      const frame = frames.at(-1)
      if (skipping === 0 && frame !== undefined) frame.text += text
    },
    close(resolve) {
      if (skipping > 0) {
        skipping -= 1
        return false
      }
      const frame = frames.at(-1)!
      const { type } = frame
      const value = frame.nil
        ? nilValue(frame)
        : type.kind === 'complex'
          ? complexValue(frame, type, resolve)
          : readText(frame, type, resolve)
      frames.pop()
      if (value !== undefined) place(frame, value)
      else if (frames.length === 0) refuse('is empty')
      return frames.length === 0
    },
    value: () => result.value!,
  }
}

function append(target: JsonObject, key: string, value: Json): void {
  const list = target[key]
  if (list === undefined) target[key] = [value]
  else (list as Json[]).push(value)
}

/** Elements of an unordered group that have to be there and are not; an optional group may lack them all. */
function missingIn(content: Particle, layout: Layout, object: JsonObject): string[] {
  if (content.kind === 'element' || (content.min === 0 && !isPresent(content, layout, object))) return []
  return content.items.flatMap(item =>
    item.kind === 'element' && item.min > 0 && !(layout.keys.get(item)! in object)
      ? [localOf(item.element.name)]
      : [],
  )
}

function expected(frame: Frame): string[] {
  return [...(frame.state?.next.keys() ?? [])].map(localOf)
}

function expectation(frame: Frame): string {
  const names = expected(frame)
  return names.length === 0
    ? '(no further element is expected)'
    : `(expected ${names.slice(0, 12).join(', ')})`
}

function unsupportedConstruct(reason: string): ToolkitError {
  return new ToolkitError('CONSTRUCT_UNSUPPORTED', `the schema uses what is not supported: ${reason}`)
}

/** A JSON pointer to where the decoder stands. */
function pathOf(frames: readonly Frame[]): string {
  let path = ''
  frames.forEach((frame, depth) => {
    const parent = frames[depth - 1]
    if (parent === undefined) return
    let scope = parent.object!
    for (const [index, item] of parent.items.entries()) {
      const { key } = parent.groups[index]!
      path += `${pointerToken(key)}/${((scope[key] as Json[] | undefined)?.length ?? 1) - 1}`
      scope = item
    }
    path += pointerToken(frame.key)
    if (frame.many) path += `/${(scope[frame.key] as Json[] | undefined)?.length ?? 0}`
  })
  return path
}
