import { isGroup, isRepeated } from '../codec/layout.ts'
import type { ComplexType, ElementDeclaration, Particle } from '../contract/contract.ts'
import { localOf } from '../xml/qualified-name.ts'

export type Accessor = { element: ElementDeclaration; many: boolean; required: boolean }

const known = new WeakMap<ComplexType, ReadonlyMap<string, Accessor>>()

/** The elements of a structure by local name: in an encoded message neither their order nor their group counts. */
export function accessorsOf(type: ComplexType): ReadonlyMap<string, Accessor> {
  let accessors = known.get(type)
  if (accessors === undefined) {
    const found = new Map<string, Accessor>()
    if (type.content !== undefined) collect(type.content, true, false, found)
    accessors = found
    known.set(type, accessors)
  }
  return accessors
}

function collect(particle: Particle, needed: boolean, repeated: boolean, found: Map<string, Accessor>): void {
  const required = needed && particle.min > 0
  const many = repeated || isRepeated(particle)
  if (particle.kind === 'element')
    found.set(localOf(particle.element.name), { element: particle.element, many, required })
  else if (isGroup(particle))
    for (const item of particle.items) collect(item, required && particle.kind !== 'choice', many, found)
}
