import type { Observation } from '../forwarding/reply-tap.ts'
import type { RecordedRequest } from './request-file.ts'

/** Values that each system has given by itself, a session's token or an id, by the name that requests use for them. */
export type Bound = Map<string, string>

const placeholder = /\{\{([A-Za-z_][\w-]*)\}\}/g

/** The names that a request needs values for. */
export function namesIn({
  path,
  headers,
  body = '',
}: Pick<RecordedRequest, 'path' | 'headers' | 'body'>): string[] {
  const texts = [path, body, ...headers.map(([, value]) => value)]
  return [...new Set(texts.flatMap(text => [...text.matchAll(placeholder)].map(match => match[1]!)))]
}

/**
 * The request as one system is asked it: `{{name}}` is the value that this system gave.
 * @returns the name that has no value, where there is one
 */
export function filled(request: RecordedRequest, bound: Bound): RecordedRequest | { missing: string } {
  const missing = namesIn(request).find(name => !bound.has(name))
  if (missing !== undefined) return { missing }
  const fill = (text: string, encode: (value: string) => string) =>
    text.replace(placeholder, (_all, name: string) => encode(bound.get(name)!))
  return {
    ...request,
    path: fill(request.path, encodeURIComponent),
    headers: request.headers.map(([name, value]) => [name, fill(value, same)] as const),
    body: request.body === undefined ? undefined : fill(request.body, inJson),
  }
}

/** Remembers what the answer gives: `body.customer.id`, `header.location`, `cookie.sid`; the last segment of a location. */
export function bind(request: RecordedRequest, answer: Observation, bound: Bound): void {
  for (const [name, from] of Object.entries(request.bind ?? {})) {
    const value = valueAt(answer, from)
    if (value !== undefined) bound.set(name, value)
  }
}

function valueAt({ headers, body }: Observation, from: string): string | undefined {
  const [kind, ...rest] = from.split('.')
  const name = rest.join('.')
  if (kind === 'header') {
    const value = headers[name.toLowerCase()]
    const text = Array.isArray(value) ? value[0] : value
    return name.toLowerCase() === 'location' ? text?.split(/[/?#]/).findLast(part => part !== '') : text
  }
  if (kind === 'cookie') {
    const cookies = [headers['set-cookie'] ?? []].flat()
    const own = cookies.find(cookie => cookie.startsWith(`${name}=`))
    return own?.slice(name.length + 1).split(';', 1)[0]
  }
  try {
    let value: unknown = JSON.parse(body?.toString('utf8') ?? '')
    for (const key of rest) value = (value as Record<string, unknown> | null | undefined)?.[key]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  } catch {
    return undefined
  }
}

/** Whether two values differ only as what each system gave under one name. */
export function isOwnValue(one: string, other: string, before: Bound, after: Bound): boolean {
  for (const [name, value] of before) if (one === value && other === after.get(name)) return true
  return false
}

/** Who needs a value is asked after whoever gives it: both become requests of one caller. */
export function linkCallers(requests: readonly RecordedRequest[]): RecordedRequest[] {
  const givers = new Map<string, string>()
  return requests.map(request => {
    const caller = namesIn(request).flatMap(name => givers.get(name) ?? [])[0] ?? request.caller
    for (const name of Object.keys(request.bind ?? {})) givers.set(name, caller)
    return { ...request, caller }
  })
}

function same(value: string): string {
  return value
}

/** Within a JSON string or as it stands. */
function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1)
}
