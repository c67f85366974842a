import type {
  ComplexType,
  ElementDeclaration,
  ElementParticle,
  Message,
  Particle,
} from '../contract/contract.ts'
import { localOf } from '../xml/qualified-name.ts'
import type { Json, JsonObject } from './json.ts'
import { isRepeated, layoutOf } from './layout.ts'

/** The array of a message whose items can be given out one by one. */
export type StreamedArray = {
  /** Keys from the message's value to the array. */
  readonly path: readonly string[]
  /** What else the message may have, which a list of the items alone would lose. */
  readonly beside: readonly string[]
}

/** Takes each item as soon as it has ended; the array itself keeps no more than their number. */
export type ArrayTap = {
  readonly path: readonly string[]
  /** @param scopes the objects around the item, outermost first, as far as they have been read */
  take(item: Json, scopes: readonly JsonObject[]): void
}

const maxDepth = 4

/** The outermost repeated element of a message, if it is the only one and stands in plain sequences. */
export function streamedArrayOf(
  element: ElementDeclaration,
  prefixes: ReadonlyMap<string, string>,
): StreamedArray | undefined {
  const path: string[] = []
  const beside: string[] = []
  let { type } = element
  for (let depth = 0; depth < maxDepth; depth += 1) {
    if (type.kind !== 'complex' || type.derived.length > 0) return undefined
    const particles = sequenceOf(type)
    if (particles === undefined) return undefined
    const { keys, attributes } = layoutOf(type, prefixes)
    const next = theOne(particles.filter(isRepeated)) ?? theOne(particles)
    if (next?.kind !== 'element') return undefined
    path.push(keys.get(next)!)
    beside.push(...[...attributes.values()].map(({ key }) => key))
    beside.push(...particles.filter(particle => particle !== next).map(nameOf))
    if (isRepeated(next)) return { path, beside }
    type = next.element.type
  }
  return undefined
}

/** As streamedArrayOf, for a message; undefined where more than one element stands in its Body. */
export function streamedArrayOfMessage(
  { element, parts, encoded }: Message,
  prefixes: ReadonlyMap<string, string>,
): StreamedArray | undefined {
  const isOne = element !== undefined && parts === undefined && encoded === undefined
  return isOne ? streamedArrayOf(element, prefixes) : undefined
}

/** Its particles, sequences in it included; undefined where it has another content. */
function sequenceOf({ content, mixed, generic }: ComplexType): Particle[] | undefined {
  if (content?.kind !== 'sequence' || content.min !== 1 || content.max !== 1 || mixed || generic)
    return undefined
  const flat = (particle: Particle): Particle[] =>
    particle.kind === 'sequence' && particle.min === 1 && particle.max === 1
      ? particle.items.flatMap(flat)
      : [particle]
  return flat(content)
}

function theOne(particles: readonly Particle[]): ElementParticle | undefined {
  const [only] = particles
  return particles.length === 1 && only?.kind === 'element' ? only : undefined
}

function nameOf(particle: Particle): string {
  return particle.kind === 'element' ? localOf(particle.element.name) : `a ${particle.kind}`
}
