/** The one form of a request's target: matched by, and forwarded, as it stands here. */
export type RequestTarget = { path: string; search: string }

/** Longer ones are refused. */
export const maxTarget = 8_192
const unreserved = /[A-Za-z0-9\-._~]/
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Normalises a request target once. What two servers could read differently is refused: dot segments, empty
 * segments, encoded slashes, backslashes, fragments, control characters, invalid or overlong encodings, and an
 * absolute form that names another host (RFC 3986 §6.2.2, RFC 9112 §3.2).
 * @param host the Host header
 * @returns the target, or a sentence that says what is ambiguous
 */
export function normaliseTarget(url: string, host: string | undefined): RequestTarget | string {
  if (url.length > maxTarget) return `target over ${maxTarget} characters`
  let target = url
  if (url.charCodeAt(0) !== 47 /* / */) {
    const relative = fromAbsoluteForm(url, host)
    if (relative === undefined) return 'target is neither a path nor a URL of this host'
    target = relative
  }
  const question = target.indexOf('?')
  const end = question === -1 ? target.length : question
  const problem = findForbidden(target, end)
  if (problem !== undefined) return problem
  let path = target.slice(0, end)
  if (path.includes('%')) {
    const decoded = normaliseEncoding(path)
    if (decoded === undefined) return 'path holds an ambiguous percent-encoding'
    path = decoded
  }
  if (hasDotSegment(path)) return 'path holds a dot segment'
  return { path, search: target.slice(end) }
}

function findForbidden(target: string, end: number): string | undefined {
  for (let index = 0; index < target.length; index++) {
    const code = target.charCodeAt(index)
    if (code <= 0x20 || code >= 0x7f || code === 0x23 /* # */ || code === 0x5c /* \ */)
      return 'target holds a character that a URL cannot hold'
    if (code === 0x2f /* / */ && index > 0 && index < end && target.charCodeAt(index - 1) === 0x2f)
      return 'path holds an empty segment'
  }
  return undefined
}

/** One segment as the text it stands for; the path has been normalised, so it decodes. */
export function decodeSegment(segment: string): string {
  return segment.includes('%') ? decodeURIComponent(segment) : segment
}

function fromAbsoluteForm(url: string, host: string | undefined): string | undefined {
  const scheme = /^https?:\/\//i.exec(url)?.[0]
  if (scheme === undefined || host === undefined) return undefined
  const slash = url.indexOf('/', scheme.length)
  const authority = slash === -1 ? url.slice(scheme.length) : url.slice(scheme.length, slash)
  if (authority.toLowerCase() !== host.toLowerCase()) return undefined
  return slash === -1 ? '/' : url.slice(slash)
}

/** Decodes unreserved characters and writes the others in upper case, so that one path has one spelling. */
function normaliseEncoding(path: string): string | undefined {
  let result = ''
  for (let index = 0; index < path.length; index++) {
    if (path[index] !== '%') {
      result += path[index]
      continue
    }
    const code = Number.parseInt(path.slice(index + 1, index + 3), 16)
    if (!/^[0-9A-Fa-f]{2}$/.test(path.slice(index + 1, index + 3))) return undefined
    if (code < 0x20 || code === 0x7f || code === 0x2f || code === 0x5c) return undefined
    const character = String.fromCharCode(code)
    result +=
      code < 0x80 && unreserved.test(character) ? character : path.slice(index, index + 3).toUpperCase()
    index += 2
  }
  return isUtf8(result) ? result : undefined
}

function isUtf8(path: string): boolean {
  const bytes = path.match(/(?:%[0-9A-F]{2})+/g) ?? []
  try {
    for (const run of bytes) utf8.decode(Buffer.from(run.replaceAll('%', ''), 'hex'))
    return true
  } catch {
    return false
  }
}

function hasDotSegment(path: string): boolean {
  for (let at = path.indexOf('/.'); at !== -1; at = path.indexOf('/.', at + 1)) {
    const next = path.charCodeAt(at + 2)
    if (at + 2 === path.length || next === 0x2f) return true
    if (next === 0x2e && (at + 3 === path.length || path.charCodeAt(at + 3) === 0x2f)) return true
  }
  return false
}
