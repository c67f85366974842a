import { invalidInput, type Problem } from '@strangler/kit/problem.ts'
import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type {
  ComplexType,
  Contract,
  ElementDeclaration,
  GroupParticle,
  Particle,
  SimpleType,
} from '../contract/contract.ts'
import { instanceNamespace, localOf, namespaceOf, type QualifiedName } from '../xml/qualified-name.ts'
import { messageLimits } from '../xml/xml-reader.ts'
import { escapeAttribute, escapeText } from '../xml/xml-text.ts'
import { isEmptiable, isPresent } from './complete-scope.ts'
import { typeLabelled } from './derived-type.ts'
import { isJsonObject, type Json, type JsonObject, pointerToken } from './json.ts'
import { isRepeated, type Layout, layoutOf } from './layout.ts'
import { writeSimpleValue } from './write-simple-value.ts'

const maxProblems = 100

/**
 * The XML of a value, in schema order whatever the order of its keys; namespaces are declared on its root.
 * @throws ToolkitError VALUE_REFUSED with every problem and its JSON pointer, CONSTRUCT_UNSUPPORTED
 */
export function encodeElement(
  element: ElementDeclaration,
  value: Json,
  contract: Pick<Contract, 'prefixes'>,
): string {
  const problems: Problem[] = []
  const declared = new Map<string, string>()
  let out = ''

  const report = (path: string, message: string) => {
    if (problems.length < maxProblems) problems.push({ path: path === '' ? '/' : path, message })
  }
  const prefixFor = (namespace: string): string => {
    const known = declared.get(namespace)
    if (known !== undefined) return known
    const prefix =
      namespace === instanceNamespace ? 'xsi' : (contract.prefixes.get(namespace) ?? `x${declared.size}`)
    if (prefix !== 'xml') declared.set(namespace, prefix)
    return prefix
  }
  const tagOf = (name: QualifiedName): string => {
    const namespace = namespaceOf(name)
    return namespace === '' ? localOf(name) : `${prefixFor(namespace)}:${localOf(name)}`
  }
  const simpleText = (type: SimpleType, json: Json, path: string): string => {
    try {
      return writeSimpleValue(type, json, prefixFor)
    } catch (error) {
      if (!isToolkitError(error, 'VALUE_INVALID')) throw error
      report(path, error.message)
      return ''
    }
  }

  const writeElement = (declaration: ElementDeclaration, json: Json, path: string, depth: number) => {
    if (depth > messageLimits.depth) {
      report(path, `is nested more than ${messageLimits.depth} deep`)
      return
    }
    const tag = tagOf(declaration.name)
    const { type } = declaration
    const unsupported = declaration.unsupported[0]
    if (unsupported !== undefined) throw unsupportedConstruct(unsupported)
    if (json === null) {
      if (!declaration.nillable) report(path, 'must not be null')
      else if (type.kind === 'complex' && type.attributes.some(({ required }) => required))
        report(path, 'must be an object with $nil and the required attributes')
      else out += `<${tag} ${prefixFor(instanceNamespace)}:nil="true"/>`
    } else if (type.kind === 'simple')
      writeTag(tag, '', escapeText(fixedText(declaration, simpleText(type, json, path), path)))
    else if (isJsonObject(json)) writeComplex(declaration, tag, type, json, path, depth)
    else report(path, 'must be an object')
  }

  const fixedText = (declaration: ElementDeclaration, text: string, path: string): string => {
    if (declaration.fixedValue !== undefined && text !== declaration.fixedValue)
      report(path, `is fixed to ${declaration.fixedValue}`)
    return text
  }

  const writeTag = (tag: string, attributes: string, content: string) => {
    out += content === '' ? `<${tag}${attributes}/>` : `<${tag}${attributes}>${content}</${tag}>`
  }

  const writeComplex = (
    declaration: ElementDeclaration,
    tag: string,
    declaredType: ComplexType,
    json: JsonObject,
    path: string,
    depth: number,
  ) => {
    const label = json.$type
    const type =
      label === undefined
        ? declaredType
        : typeof label === 'string'
          ? typeLabelled(declaredType, label)
          : undefined
    if (type === undefined || (label !== undefined && declaredType.derived.length === 0)) {
      report(`${path}/$type`, 'is not a type derived from the declared one')
      return
    }
    if (type.abstract) {
      report(`${path}/$type`, 'is needed: the declared type is abstract')
      return
    }
    if (type.unsupported[0] !== undefined) throw unsupportedConstruct(type.unsupported[0])
    const layout = layoutOf(type, contract.prefixes)
    if (layout.model.ambiguous !== undefined)
      throw unsupportedConstruct(`ambiguous content at ${layout.model.ambiguous}`)
    const nil = json.$nil === true
    if (nil && !declaration.nillable) report(path, 'must not be nil')
    refuseUnknownKeys(layout, type, json, path, nil)
    let attributes =
      type === declaredType ? '' : ` ${prefixFor(instanceNamespace)}:type="${tagOf(type.name!)}"`
    if (nil) attributes += ` ${prefixFor(instanceNamespace)}:nil="true"`
    attributes += writeAttributes(layout, json, path)
    if (nil) writeTag(tag, attributes, '')
    else if (type.text !== undefined) {
      if (json.$ === undefined) report(`${path}/$`, 'is missing')
      else
        writeTag(
          tag,
          attributes,
          escapeText(fixedText(declaration, simpleText(type.text, json.$, `${path}/$`), path)),
        )
    } else {
      out += `<${tag}${attributes}>`
      if (type.content !== undefined) writeParticle(type.content, undefined, layout, json, path, depth)
      out += `</${tag}>`
    }
  }

  const refuseUnknownKeys = (
    layout: Layout,
    type: ComplexType,
    json: JsonObject,
    path: string,
    nil: boolean,
  ) => {
    const known = layout.scopes.get(undefined)!
    for (const key of Object.keys(json)) {
      if (
        layout.attributeKeys.has(key) ||
        key === '$type' ||
        (key === '$nil' && typeof json[key] === 'boolean')
      )
        continue
      if (nil ? false : key === '$' ? type.text !== undefined : known.has(key)) continue
      report(path + pointerToken(key), nil ? 'cannot stand beside $nil' : 'is not a key of this object')
    }
  }

  const writeAttributes = (layout: Layout, json: JsonObject, path: string): string => {
    let text = ''
    for (const { key, use } of layout.attributes.values()) {
      const value = json[key]
      if (value === undefined) {
        if (use.required) report(path + pointerToken(key), 'is missing')
        continue
      }
      const written = simpleText(use.type, value, path + pointerToken(key))
      if (use.fixedValue !== undefined && written !== use.fixedValue)
        report(path + pointerToken(key), `is fixed to ${use.fixedValue}`)
      text += ` ${tagOf(use.name)}="${escapeAttribute(written)}"`
    }
    return text
  }

  const writeParticle = (
    particle: Particle,
    owner: GroupParticle | undefined,
    layout: Layout,
    json: JsonObject,
    path: string,
    depth: number,
  ): void => {
    const key = layout.keys.get(particle)
    if (particle.kind === 'element') {
      const value = json[key!]
      const at = path + pointerToken(key!)
      if (!isRepeated(particle)) {
        if (value !== undefined) writeElement(particle.element, value, at, depth + 1)
        else if (particle.min > 0) report(at, 'is missing')
        return
      }
      for (const [index, item] of itemsOf(value, at, particle.min, particle.max).entries())
        writeElement(particle.element, item, `${at}/${index}`, depth + 1)
      return
    }
    if (isRepeated(particle) && particle !== owner) {
      const at = path + pointerToken(key!)
      const items = itemsOf(json[key!], at, isEmptiable(particle) ? 0 : particle.min, particle.max)
      for (const [index, item] of items.entries())
        writeGroupItem(particle, layout, item, `${at}/${index}`, depth)
      return
    }
    if (particle.kind === 'choice') {
      const branch = chooseBranch(particle, layout, json, path)
      if (branch !== undefined) writeParticle(branch, owner, layout, json, path, depth)
      return
    }
    if (particle !== owner && particle.min === 0 && !isPresent(particle, layout, json)) return
    for (const item of particle.items) writeParticle(item, owner, layout, json, path, depth)
  }

  const writeGroupItem = (group: GroupParticle, layout: Layout, item: Json, path: string, depth: number) => {
    if (!isJsonObject(item)) {
      report(path, 'must be an object')
      return
    }
    const known = layout.scopes.get(group)!
    for (const key of Object.keys(item))
      if (!known.has(key)) report(path + pointerToken(key), 'is not a key of this object')
    const before = out.length
    writeParticle(group, group, layout, item, path, depth)
    if (out.length === before && problems.length === 0) report(path, 'must not be empty')
  }

  const itemsOf = (value: Json | undefined, path: string, min: number, max: number): Json[] => {
    if (value !== undefined && !Array.isArray(value)) {
      report(path, 'must be an array')
      return []
    }
    const items = value ?? []
    if (items.length < min) report(path, value === undefined ? 'is missing' : `needs at least ${min} items`)
    if (items.length > max) report(path, `takes at most ${max} items`)
    return items
  }

  const chooseBranch = (
    choice: GroupParticle,
    layout: Layout,
    json: JsonObject,
    path: string,
  ): Particle | undefined => {
    const present = choice.items.filter(item => isPresent(item, layout, json))
    if (present.length === 0) {
      const names = choice.items.flatMap(item => keysOf(item, layout))
      if (!isEmptiable(choice)) report(path, `needs one of ${names.join(', ')}`)
      return undefined
    }
    const used = new Set(choice.items.flatMap(item => keysOf(item, layout)).filter(key => isSet(json[key])))
    const fitting = present.filter(item => {
      const own = new Set(keysOf(item, layout))
      return [...used].every(key => own.has(key))
    })
    if (fitting.length === 0) report(path, `takes only one of ${[...used].join(', ')}`)
    return fitting.find(item => requiredKeys(item, layout).every(key => isSet(json[key]))) ?? fitting[0]
  }

  writeElement(element, value, '', 1)
  if (problems.length > 0) throw invalidInput('VALUE_REFUSED', localOf(element.name), problems)
  let declarations = ''
  for (const [namespace, prefix] of declared)
    declarations += ` xmlns:${prefix}="${escapeAttribute(namespace)}"`
  return out.replace(/^<[^\s/>]+/, start => start + declarations)
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0)
}

function keysOf(particle: Particle, layout: Layout): string[] {
  const key = layout.keys.get(particle)
  if (key !== undefined) return [key]
  return particle.kind === 'element' ? [] : particle.items.flatMap(item => keysOf(item, layout))
}

function requiredKeys(particle: Particle, layout: Layout): string[] {
  if (particle.min === 0) return []
  const key = layout.keys.get(particle)
  if (key !== undefined) return [key]
  return particle.kind === 'sequence' || particle.kind === 'all'
    ? particle.items.flatMap(item => requiredKeys(item, layout))
    : []
}

function unsupportedConstruct(reason: string): ToolkitError {
  return new ToolkitError('CONSTRUCT_UNSUPPORTED', `the schema uses what is not supported: ${reason}`)
}
