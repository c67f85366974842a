import type {
  AnyParticle,
  ElementDeclaration,
  ElementParticle,
  GroupParticle,
  Particle,
} from '../contract/contract.ts'
import type { QualifiedName } from '../xml/qualified-name.ts'

/**
 * The Glushkov automaton of a content model: a state per element particle, so that one map lookup a child
 * says where it belongs. Unique Particle Attribution (XSD 1.0 §3.8.6) makes it deterministic. How often an
 * element or group with bounds occurs is counted when its parent closes, not here.
 */
export type ContentModel = {
  readonly start: State
  /** Takes the children in any order; there for xs:all and for plain sequences of distinct elements. */
  readonly anyOrder: State | undefined
  /** Two particles claim the same child, so the schema is not deterministic. */
  readonly ambiguous: QualifiedName | undefined
}

export type State = {
  readonly next: Map<QualifiedName, Edge>
  /** Where an element that is not in `next` may go on to. */
  readonly wild: Edge[]
  /** Whether the element may end here. */
  final: boolean
}

export type Edge = {
  readonly state: State
  readonly particle: ElementParticle | AnyParticle
  /** What the child is declared as; absent where any element may stand. */
  readonly element?: ElementDeclaration
  readonly key: string
  /** Repeated groups around the particle, outermost first. */
  readonly groups: readonly GroupEntry[]
  /** How many of them go on with the item they are in; the others begin a new one. */
  readonly keep: number
}

export type GroupEntry = { readonly key: string; readonly group: GroupParticle }

type Position = {
  particle: ElementParticle | AnyParticle
  key: string
  groups: readonly GroupEntry[]
  state: State
}
type Fragment = { nullable: boolean; first: Position[]; last: Position[] }

export function buildContentModel(
  content: Particle | undefined,
  keys: ReadonlyMap<Particle, string>,
): ContentModel {
  const start: State = { next: new Map(), wild: [], final: true }
  let ambiguous: QualifiedName | undefined
  const connect = (from: State, to: Position, keep: number) => {
    const { state, particle, key, groups } = to
    const edge = { state, particle, key, groups, keep }
    // The innermost repetition is connected first and wins: a+ inside (a+ | b)* stays one item.
    if (particle.kind === 'any') {
      if (!from.wild.some(known => known.state === state)) from.wild.push(edge)
      return
    }
    for (const element of standIns(particle.element)) {
      const known = from.next.get(element.name)
      if (known === undefined) from.next.set(element.name, { ...edge, element })
      else if (known.state !== state) ambiguous ??= element.name
    }
  }
  const join = (from: readonly Position[], to: readonly Position[], keep: number) => {
    for (const left of from) for (const right of to) connect(left.state, right, keep)
  }

  const build = (particle: Particle, outer: readonly GroupEntry[]): Fragment => {
    if (particle.kind === 'element' || particle.kind === 'any') {
      const state: State = { next: new Map(), wild: [], final: false }
      const position = { particle, key: keys.get(particle)!, groups: outer, state }
      if (particle.max > 1) connect(state, position, outer.length)
      return { nullable: particle.min === 0, first: [position], last: [position] }
    }
    const key = particle.max > 1 ? keys.get(particle) : undefined
    const groups = key === undefined ? outer : [...outer, { key, group: particle }]
    const parts = particle.items.map(item => build(item, groups))
    const fragment = combine(particle, parts, groups.length)
    if (key !== undefined) join(fragment.last, fragment.first, groups.length - 1)
    return { ...fragment, nullable: fragment.nullable || particle.min === 0 }
  }

  const combine = (particle: GroupParticle, parts: readonly Fragment[], keep: number): Fragment => {
    if (particle.kind === 'sequence') return parts.reduce((left, right) => concat(left, right, keep), empty)
    const first = parts.flatMap(part => part.first)
    const last = parts.flatMap(part => part.last)
    return { nullable: parts.length === 0 || parts.some(part => part.nullable), first, last }
  }

  const concat = (left: Fragment, right: Fragment, keep: number): Fragment => {
    join(left.last, right.first, keep)
    return {
      nullable: left.nullable && right.nullable,
      first: left.nullable ? [...left.first, ...right.first] : left.first,
      last: right.nullable ? [...left.last, ...right.last] : right.last,
    }
  }

  const anyOrder = anyOrderState(content, keys)
  if (anyOrder !== undefined && content?.kind === 'all') return { start: anyOrder, anyOrder, ambiguous }
  if (content !== undefined) {
    const fragment = build(content, [])
    for (const position of fragment.first) connect(start, position, 0)
    for (const position of fragment.last) position.state.final = true
    start.final = fragment.nullable
  }
  return { start, anyOrder, ambiguous }
}

/** One state that every child leads back to; who uses it checks afterwards what is missing. */
function anyOrderState(
  content: Particle | undefined,
  keys: ReadonlyMap<Particle, string>,
): State | undefined {
  if (content === undefined || (content.kind !== 'sequence' && content.kind !== 'all') || content.max > 1)
    return undefined
  const state: State = { next: new Map(), wild: [], final: true }
  for (const particle of content.items) {
    if (particle.kind !== 'element') return undefined
    for (const element of standIns(particle.element)) {
      if (state.next.has(element.name)) return undefined
      state.next.set(element.name, {
        state,
        particle,
        element,
        key: keys.get(particle)!,
        groups: [],
        keep: 0,
      })
    }
  }
  return state
}

/** What may stand in a message for the element. */
function standIns(element: ElementDeclaration): readonly ElementDeclaration[] {
  return element.abstract ? element.substitutes : [element, ...element.substitutes]
}

const empty: Fragment = { nullable: true, first: [], last: [] }
