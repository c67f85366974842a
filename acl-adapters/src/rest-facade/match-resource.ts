import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

type Addressed = { method: string; path: string }

export type Match<T> = { resource: T; parameters: Record<string, string> } | { allow: string } | undefined

/**
 * The resource at a path for a method; the methods allowed where the path has others; undefined where nothing is.
 * Paths match to the letter: case counts, a trailing slash is another address.
 * @throws ToolkitError BAD_REQUEST where the path is not percent-encoded UTF-8
 */
export function matchResource<T extends Addressed>(
  resources: readonly T[],
  method: string,
  path: string,
): Match<T> {
  const allowed: string[] = []
  const given = path.split('/')
  for (const resource of resources) {
    const parameters = matchPath(segmentsOf(resource), given)
    if (parameters === undefined) continue
    if (resource.method === method || (method === 'HEAD' && resource.method === 'GET'))
      return { resource, parameters }
    allowed.push(...(resource.method === 'GET' ? ['GET', 'HEAD'] : [resource.method]))
  }
  return allowed.length === 0 ? undefined : { allow: [...new Set(allowed), 'OPTIONS'].join(', ') }
}

const templates = new WeakMap<Addressed, readonly string[]>()

function segmentsOf(resource: Addressed): readonly string[] {
  let segments = templates.get(resource)
  if (segments === undefined) {
    segments = resource.path.split('/')
    templates.set(resource, segments)
  }
  return segments
}

function matchPath(wanted: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (wanted.length !== given.length) return undefined
  for (let index = 0; index < wanted.length; index += 1) {
    const segment = wanted[index]!
    if (segment.startsWith('{') ? given[index] === '' : segment !== given[index]) return undefined
  }
  const parameters: Record<string, string> = Object.create(null)
  for (const [index, segment] of wanted.entries())
    if (segment.startsWith('{')) parameters[segment.slice(1, -1)] = decode(given[index]!)
  return parameters
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new ToolkitError('BAD_REQUEST', 'the request is not valid HTTP for this resource')
  }
}
