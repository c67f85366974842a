import type { RestPattern } from '../config/route-pattern.ts'
import { decodeSegment } from './request-target.ts'

/** What was found, with the values of the path's parameters in the order of the pattern. */
export type RestMatch<T> = { value: T; parameters: readonly string[] }

type Methods<T> = Map<string, T>
type Accepts<T> = (value: T) => boolean

type Node<T> = {
  literals: Map<string, Node<T>>
  parameter: Node<T> | undefined
  /** Routes that end here. */
  here: Methods<T>
  /** Routes whose double star begins here. */
  below: Methods<T>
}

export type RestMatcher<T> = {
  /**
   * @param path as normalised; matched by whole segments, case-sensitively
   * @param accepts asked of each value in turn, the most specific first
   */
  match(method: string, path: string, accepts?: Accepts<T>): RestMatch<T> | undefined
}

/**
 * A tree of segments: a lookup costs as much as the path is long, however many routes there are.
 * The most specific route wins: literal before parameter before double star, and the method before ANY.
 */
export function createRestMatcher<T>(routes: Iterable<{ pattern: RestPattern; value: T }>): RestMatcher<T> {
  const root = emptyNode<T>()
  for (const { pattern, value } of routes) {
    let node = root
    for (const step of pattern.segments) {
      if ('parameter' in step) {
        node.parameter ??= emptyNode()
        node = node.parameter
      } else {
        let next = node.literals.get(step.literal)
        if (next === undefined) {
          next = emptyNode()
          node.literals.set(step.literal, next)
        }
        node = next
      }
    }
    const methods = pattern.open ? node.below : node.here
    methods.set(pattern.method, value)
  }
  return {
    match(method, path, accepts = acceptsAll) {
      const parameters: string[] = []
      const value = find(root, method, path, 1, parameters, accepts)
      return value === undefined ? undefined : { value, parameters }
    },
  }
}

function emptyNode<T>(): Node<T> {
  return { literals: new Map(), parameter: undefined, here: new Map(), below: new Map() }
}

function find<T>(
  node: Node<T>,
  method: string,
  path: string,
  from: number,
  parameters: string[],
  accepts: Accepts<T>,
): T | undefined {
  if (from >= path.length && (from > path.length || path.length === 1))
    return ofMethod(node.here, method, accepts) ?? ofMethod(node.below, method, accepts)
  const slash = path.indexOf('/', from)
  const end = slash === -1 ? path.length : slash
  const segment = path.slice(from, end)
  const literal = node.literals.get(segment)
  if (literal !== undefined) {
    const found = find(literal, method, path, end + 1, parameters, accepts)
    if (found !== undefined) return found
  }
  if (node.parameter !== undefined && segment !== '') {
    const depth = parameters.length
    parameters.push(decodeSegment(segment))
    const found = find(node.parameter, method, path, end + 1, parameters, accepts)
    if (found !== undefined) return found
    parameters.length = depth
  }
  return ofMethod(node.below, method, accepts)
}

/** RFC 9110 §9.3.2: HEAD is answered like GET, so a route for GET claims it. */
function ofMethod<T>(methods: Methods<T>, method: string, accepts: Accepts<T>): T | undefined {
  if (methods.size === 0) return undefined
  return (
    accepted(methods.get(method), accepts) ??
    (method === 'HEAD' ? accepted(methods.get('GET'), accepts) : undefined) ??
    accepted(methods.get('ANY'), accepts)
  )
}

function accepted<T>(value: T | undefined, accepts: Accepts<T>): T | undefined {
  return value !== undefined && accepts(value) ? value : undefined
}

const acceptsAll = () => true
