import type {
  AttributeUse,
  ComplexType,
  ElementParticle,
  GroupParticle,
  Particle,
} from '../contract/contract.ts'
import { localOf, namespaceOf, type QualifiedName } from '../xml/qualified-name.ts'
import { buildContentModel, type ContentModel } from './content-model.ts'

/** How a complex type looks in JSON: which key stands for which attribute, element and repeated group. */
export type Layout = {
  readonly attributes: ReadonlyMap<QualifiedName, AttributeSlot>
  readonly attributeKeys: ReadonlySet<string>
  readonly keys: ReadonlyMap<Particle, string>
  /** Keys allowed in the object itself and in the items of each repeated group. */
  readonly scopes: ReadonlyMap<GroupParticle | undefined, ReadonlySet<string>>
  readonly model: ContentModel
  /** Whether some element or group may occur more than once, so that arrays need filling and counting. */
  readonly hasArrays: boolean
}

export type AttributeSlot = { readonly key: string; readonly use: AttributeUse }

export type RepeatedGroup = GroupParticle

/** Whether it is an array in JSON. */
export function isRepeated(particle: Particle): boolean {
  return particle.max > 1 || particle.kind === 'any'
}

export function isGroup(particle: Particle): particle is GroupParticle {
  return particle.kind !== 'element' && particle.kind !== 'any'
}

const layouts = new WeakMap<ComplexType, Layout>()

/** The layout of a type, built when first asked for. */
export function layoutOf(type: ComplexType, prefixes: ReadonlyMap<string, string>): Layout {
  const known = layouts.get(type)
  if (known !== undefined) return known
  const layout = buildLayout(type, prefixes)
  layouts.set(type, layout)
  return layout
}

function buildLayout(type: ComplexType, prefixes: ReadonlyMap<string, string>): Layout {
  const attributes = new Map<QualifiedName, AttributeSlot>()
  for (const use of type.attributes) attributes.set(use.name, { key: attributeKey(use.name, prefixes), use })
  const keys = new Map<Particle, string>()
  const scopes = new Map<GroupParticle | undefined, Set<string>>()
  nameScope(type.content, undefined, keys, scopes)
  return {
    attributes,
    attributeKeys: new Set([...attributes.values()].map(({ key }) => key)),
    keys,
    scopes,
    model: buildContentModel(type.content, keys),
    hasArrays: type.content !== undefined && containsRepetition(type.content),
  }
}

function attributeKey(name: QualifiedName, prefixes: ReadonlyMap<string, string>): string {
  const namespace = namespaceOf(name)
  return namespace === '' ? `@${localOf(name)}` : `@${prefixes.get(namespace) ?? ''}:${localOf(name)}`
}

function containsRepetition(particle: Particle): boolean {
  return isRepeated(particle) || (isGroup(particle) && particle.items.some(containsRepetition))
}

/**
 * Keys of one scope: an element's local name, `local~2` where that is taken by another element. Branches of a
 * choice may share a key for the same element, since only one of them is ever there.
 */
function nameScope(
  content: Particle | undefined,
  owner: GroupParticle | undefined,
  keys: Map<Particle, string>,
  scopes: Map<GroupParticle | undefined, Set<string>>,
): void {
  const taken = new Set<string>()
  scopes.set(owner, taken)
  const claim = (wanted: string): string => {
    let key = wanted
    for (let count = 2; taken.has(key); count += 1) key = `${wanted}~${count}`
    taken.add(key)
    return key
  }
  const name = (particle: Particle, shareable: ReadonlyMap<string, string>): Map<string, string> => {
    if (particle.kind === 'element') {
      const id = shareId(particle)
      const key = shareable.get(id) ?? claim(elementKey(particle))
      keys.set(particle, key)
      return new Map([[id, key]])
    }
    if (particle.kind === 'any') {
      keys.set(particle, claim('$any'))
      return new Map()
    }
    if (isRepeated(particle) && particle !== owner) {
      keys.set(particle, claim('$group'))
      nameScope(particle, particle, keys, scopes)
      return new Map()
    }
    const given = new Map<string, string>()
    for (const item of particle.items) {
      const offered = new Map(shareable)
      for (const [id, key] of given)
        if (particle.kind === 'choice') offered.set(id, key)
        else offered.delete(id)
      for (const [id, key] of name(item, offered)) given.set(id, key)
    }
    return given
  }
  if (content !== undefined) name(content, new Map())
}

function shareId(particle: ElementParticle): string {
  return `${particle.element.name} ${isRepeated(particle)}`
}

function elementKey(particle: ElementParticle): string {
  const local = localOf(particle.element.name)
  return local === '__proto__' ? '~__proto__' : local
}
