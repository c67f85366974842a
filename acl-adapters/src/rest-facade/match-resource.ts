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
  for (const resource of resources) {
    const parameters = matchPath(resource.path, path)
    if (parameters === undefined) continue
    if (resource.method === method || (method === 'HEAD' && resource.method === 'GET'))
      return { resource, parameters }
    allowed.push(...(resource.method === 'GET' ? ['GET', 'HEAD'] : [resource.method]))
  }
  return allowed.length === 0 ? undefined : { allow: [...new Set(allowed), 'OPTIONS'].join(', ') }
}

function matchPath(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const parameters: Record<string, string> = Object.create(null)
  for (const [index, segment] of wanted.entries()) {
    const actual = given[index]!
    if (!segment.startsWith('{')) {
      if (segment !== actual) return undefined
    } else if (actual === '') return undefined
    else parameters[segment.slice(1, -1)] = decode(actual)
  }
  return parameters
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new ToolkitError('BAD_REQUEST', 'the request is not valid HTTP for this resource')
  }
}
