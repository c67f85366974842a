import type { IncomingMessage } from 'node:http'
import type { RouteCondition } from '../config/config-schema.ts'
import type { RequestTarget } from './request-target.ts'

/** How many things a condition asks for: of two routes with the same path, the one that asks for more is tried first. */
export function weightOf(condition: RouteCondition | undefined): number {
  if (condition === undefined) return 0
  const { host, version, headers = {}, query = {} } = condition
  const asked = [...Object.keys(headers), ...Object.keys(query)].length
  return asked + (host === undefined ? 0 : 1) + (version === undefined ? 0 : 1)
}

/** A condition as part of a route's name: `[host=api.example.com version=2]`. */
export function conditionText(condition: RouteCondition | undefined): string {
  if (condition === undefined || weightOf(condition) === 0) return ''
  const { host, version, headers = {}, query = {} } = condition
  const parts = [
    ...(host === undefined ? [] : [`host=${host}`]),
    ...(version === undefined ? [] : [`version=${version}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...Object.entries(query).map(([name, value]) => `?${name}=${value}`),
  ]
  return ` [${parts.toSorted().join(' ')}]`
}

/** Whether a request is what a route asks for besides method and path. */
export function holds(
  condition: RouteCondition | undefined,
  request: IncomingMessage,
  { search }: RequestTarget,
): boolean {
  if (condition === undefined) return true
  const { host, version, headers, query } = condition
  if (host !== undefined && hostOf(request.headers.host) !== host) return false
  if (version !== undefined && version !== versionOf(request.headers.accept)) return false
  if (headers !== undefined)
    for (const name in headers) if (request.headers[name] !== headers[name]) return false
  if (query !== undefined) {
    const given = new URLSearchParams(search)
    // One that stands twice is read in two ways: it is no match.
    for (const name in query)
      if (given.get(name) !== query[name] || given.getAll(name).length > 1) return false
  }
  return true
}

function hostOf(header: string | undefined): string | undefined {
  return header?.toLowerCase().replace(/:\d+$/, '')
}

/** `application/json;version=2` and `application/vnd.shop.v2+json` ask for version 2. */
export function versionOf(accept: string | undefined): number | undefined {
  if (accept === undefined || accept.length > 1_024) return undefined
  const found =
    /;\s*version\s*=\s*"?(\d{1,6})"?\s*(?:[;,]|$)/i.exec(accept) ??
    /\.v(\d{1,6})(?:\+|[;,\s]|$)/i.exec(accept)
  return found === null ? undefined : Number(found[1])
}
