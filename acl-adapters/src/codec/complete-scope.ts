import type { GroupParticle, Particle } from '../contract/contract.ts'
import { localOf } from '../xml/qualified-name.ts'
import { type Json, type JsonObject, ownValue } from './json.ts'
import { isGroup, isRepeated, type Layout } from './layout.ts'

/**
 * Ends a decoded object: arrays of what did not occur become [], and how often elements and groups occur is
 * checked. Inside a choice or optional group that did not occur nothing is added.
 * @param owner the repeated group whose item the object is
 */
export function completeScope(
  particle: Particle,
  owner: GroupParticle | undefined,
  layout: Layout,
  object: JsonObject,
  refuse: (message: string) => void,
): void {
  if (!isGroup(particle)) {
    const key = layout.keys.get(particle)!
    const label = particle.kind === 'any' ? 'any element' : localOf(particle.element.name)
    if (isRepeated(particle)) completeArray(particle, key, label, object, refuse)
    return
  }
  if (isRepeated(particle) && particle !== owner) {
    const key = layout.keys.get(particle)!
    const items = completeArray(
      isEmptiable(particle) ? { ...particle, min: 0 } : particle,
      key,
      key,
      object,
      refuse,
    )
    for (const item of items) completeScope(particle, particle, layout, item as JsonObject, refuse)
    return
  }
  const needed = particle.kind !== 'choice' && (particle.min > 0 || particle === owner)
  for (const item of particle.items)
    if (
      particle.kind === 'choice'
        ? isPresent(item, layout, object)
        : needed || isPresent(particle, layout, object)
    )
      completeScope(item, owner, layout, object, refuse)
}

/** Whether any key of the particle is set; an empty array counts as absent. */
export function isPresent(particle: Particle, layout: Layout, object: JsonObject): boolean {
  const key = layout.keys.get(particle)
  if (key !== undefined) {
    const value = ownValue(object, key)
    return value !== undefined && !(isRepeated(particle) && Array.isArray(value) && value.length === 0)
  }
  return isGroup(particle) && particle.items.some(item => isPresent(item, layout, object))
}

/** Whether the particle is satisfied by nothing at all. */
export function isEmptiable(particle: Particle): boolean {
  if (particle.min === 0) return true
  if (!isGroup(particle)) return false
  if (particle.kind === 'choice') return particle.items.length === 0 || particle.items.some(isEmptiable)
  return particle.items.every(isEmptiable)
}

function completeArray(
  { min, max }: { min: number; max: number },
  key: string,
  label: string,
  object: JsonObject,
  refuse: (message: string) => void,
): Json[] {
  object[key] ??= []
  const items = object[key] as Json[]
  if (items.length < min || items.length > max)
    refuse(
      `has ${items.length} of ${label}, ${items.length < min ? `at least ${min}` : `at most ${max}`} may be there`,
    )
  return items
}

/** Elements of an unordered group that have to be there and are not; an optional group may lack them all. */
export function missingIn(content: Particle, layout: Layout, object: JsonObject): string[] {
  if (!isGroup(content) || (content.min === 0 && !isPresent(content, layout, object))) return []
  return content.items.flatMap(item =>
    item.kind === 'element' && item.min > 0 && !(layout.keys.get(item)! in object)
      ? [localOf(item.element.name)]
      : [],
  )
}
