import type { ElementParticle, GroupParticle, Particle } from './contract.ts'

/**
 * Whether the items of a repeated group can be told apart in XML, where nothing stands around an item: each is one
 * element of a choice, or begins or ends with an element that every item has once and has nowhere else.
 */
export function isDelimited(group: GroupParticle): boolean {
  if (group.kind === 'choice') return group.items.every(isOneElement)
  const items = flatten(group)
  const names = elementsIn(group).map(({ element }) => element.name)
  const marks = (particle: Particle | undefined) =>
    particle !== undefined &&
    isOneElement(particle) &&
    names.filter(name => name === (particle as ElementParticle).element.name).length === 1
  const first = marks(items[0])
  const last = group.kind === 'sequence' && marks(items.at(-1))
  return (first && group.kind === 'sequence') || last
}

function isOneElement(particle: Particle): boolean {
  return particle.kind === 'element' && particle.min === 1 && particle.max === 1
}

/** The items of a sequence, and in place of a sequence in it that stands once the items of that. */
function flatten({ items }: GroupParticle): Particle[] {
  return items.flatMap(item =>
    item.kind === 'sequence' && item.min === 1 && item.max === 1 ? flatten(item) : [item],
  )
}

function elementsIn(particle: Particle): ElementParticle[] {
  if (particle.kind === 'element') return [particle]
  return particle.kind === 'any' ? [] : particle.items.flatMap(elementsIn)
}
