import type {
  AnyParticle,
  ElementDeclaration,
  ElementParticle,
  GroupParticle,
  Particle,
} from '../contract/contract.ts'
import { admits, type Wildcard } from '../contract/wildcard.ts'
import { namespaceOf } from '../xml/qualified-name.ts'
import { isEmptiable, isPresent } from './complete-scope.ts'
import type { EncodeContext } from './encode-context.ts'
import { writeElement } from './encode-element.ts'
import { writeGenericNode } from './generic-node.ts'
import { isJsonObject, type Json, type JsonObject, ownValue, pointerToken } from './json.ts'
import { unlabelled } from './labelled-value.ts'
import { isGroup, isRepeated, type Layout } from './layout.ts'

/** The object whose keys the particles of one scope are written from: a value, or an item of a repeated group. */
export type Scope = {
  layout: Layout
  json: JsonObject
  /** JSON pointer to the object. */
  path: string
  depth: number
  /** The repeated group whose item the object is. */
  owner: GroupParticle | undefined
}

/** Writes what the object has for a particle; reports what it lacks. */
export function writeParticle(context: EncodeContext, scope: Scope, particle: Particle): void {
  if (!isGroup(particle)) writeElements(context, scope, particle)
  else if (isRepeated(particle) && particle !== scope.owner) writeGroupItems(context, scope, particle)
  else if (particle.kind === 'choice') {
    const branch = chooseBranch(context, scope, particle)
    if (branch !== undefined) writeParticle(context, scope, branch)
  } else if (particle === scope.owner || particle.min > 0 || isPresent(particle, scope.layout, scope.json))
    for (const item of particle.items) writeParticle(context, scope, item)
}

function writeElements(context: EncodeContext, scope: Scope, particle: ElementParticle | AnyParticle): void {
  const { layout, json, path, depth } = scope
  const key = layout.keys.get(particle)!
  const at = path + pointerToken(key)
  const value = ownValue(json, key)
  if (particle.kind === 'any')
    for (const [index, item] of itemsOf(context, value, at, particle.min, particle.max).entries())
      writeAny(context, particle.wildcard, item, `${at}/${index}`, depth + 1)
  else if (isRepeated(particle))
    for (const [index, item] of itemsOf(context, value, at, particle.min, particle.max).entries())
      writeMember(context, particle.element, item, `${at}/${index}`, depth + 1)
  else if (value !== undefined) writeMember(context, particle.element, value, at, depth + 1)
  else if (particle.min > 0) context.report(at, 'is missing')
}

/** The element itself, or the member of its substitution group that `$element` names. */
export function writeMember(
  context: EncodeContext,
  element: ElementDeclaration,
  value: Json,
  path: string,
  depth: number,
): void {
  const name = isJsonObject(value) ? value.$element : undefined
  if (name === undefined || !isJsonObject(value)) {
    writeElement(context, element, value, path, depth)
    return
  }
  const member = element.substitutes.find(candidate => candidate.name === name)
  if (member === undefined) context.report(`${path}/$element`, 'is not in the substitution group')
  else writeElement(context, member, unlabelled(context, member, '$element', value, path), path, depth)
}

/** A known element by its schema, any other as it stands. */
export function writeAny(
  context: EncodeContext,
  wildcard: Wildcard,
  value: Json,
  path: string,
  depth: number,
): void {
  const name = isJsonObject(value) ? value['#'] : undefined
  const known =
    typeof name === 'string' && wildcard.process !== 'skip' ? context.contract.elements.get(name) : undefined
  if (typeof name === 'string' && !admits(wildcard, namespaceOf(name)))
    context.report(`${path}/#`, 'is of a namespace that may not stand here')
  else if (known !== undefined && !known.abstract && isJsonObject(value))
    writeElement(context, known, unlabelled(context, known, '#', value, path), path, depth)
  else writeGenericNode(context, value, path, depth)
}

function writeGroupItems(context: EncodeContext, scope: Scope, group: GroupParticle): void {
  const { layout, json, path } = scope
  const key = layout.keys.get(group)!
  const at = path + pointerToken(key)
  const items = itemsOf(context, ownValue(json, key), at, isEmptiable(group) ? 0 : group.min, group.max)
  for (const [index, item] of items.entries()) {
    const itemPath = `${at}/${index}`
    if (!isJsonObject(item)) {
      context.report(itemPath, 'must be an object')
      continue
    }
    const known = layout.scopes.get(group)!
    for (const name of Object.keys(item))
      if (!known.has(name)) context.report(itemPath + pointerToken(name), 'is not a key of this object')
    const before = context.out.length
    writeParticle(context, { ...scope, json: item, path: itemPath, owner: group }, group)
    if (context.out.length === before && context.problems.length === 0)
      context.report(itemPath, 'must not be empty')
  }
}

function itemsOf(
  { report }: EncodeContext,
  value: Json | undefined,
  path: string,
  min: number,
  max: number,
): Json[] {
  if (value !== undefined && !Array.isArray(value)) {
    report(path, 'must be an array')
    return []
  }
  const items = value ?? []
  if (items.length < min) report(path, value === undefined ? 'is missing' : `needs at least ${min} items`)
  if (items.length > max) report(path, `takes at most ${max} items`)
  return items
}

/** The branch that has all the keys given; among several, the first that lacks none it needs. */
function chooseBranch({ report }: EncodeContext, scope: Scope, choice: GroupParticle): Particle | undefined {
  const { layout, json, path } = scope
  const at = path === '' ? '/' : path
  const keys = choice.items.flatMap(item => keysOf(item, layout))
  const used = new Set(keys.filter(key => isSet(ownValue(json, key))))
  if (used.size === 0) {
    if (!isEmptiable(choice)) report(at, `needs one of ${keys.join(', ')}`)
    return undefined
  }
  const fitting = choice.items.filter(item => {
    const own = new Set(keysOf(item, layout))
    return [...used].every(key => own.has(key))
  })
  if (fitting.length === 0) report(at, `takes only one of ${[...used].join(', ')}`)
  return (
    fitting.find(item => requiredKeys(item, layout).every(key => isSet(ownValue(json, key)))) ?? fitting[0]
  )
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0)
}

function keysOf(particle: Particle, layout: Layout): string[] {
  const key = layout.keys.get(particle)
  if (key !== undefined) return [key]
  return isGroup(particle) ? particle.items.flatMap(item => keysOf(item, layout)) : []
}

function requiredKeys(particle: Particle, layout: Layout): string[] {
  if (particle.min === 0) return []
  const key = layout.keys.get(particle)
  if (key !== undefined) return [key]
  return particle.kind === 'sequence' || particle.kind === 'all'
    ? particle.items.flatMap(item => requiredKeys(item, layout))
    : []
}
