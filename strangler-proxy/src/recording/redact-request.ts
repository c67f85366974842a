import { createHmac } from 'node:crypto'

/** Headers that prove who somebody is. */
const credentials = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
])

/** Fields that no recording holds, whatever it was asked to hide besides. Compared without case, dashes and underscores. */
const secrets = [
  'password',
  'passwd',
  'secret',
  'token',
  'accesstoken',
  'apikey',
  'pin',
  'cvv',
  'cardnumber',
  'iban',
]

/** Said by the proxy or about one connection, so that a replay would be misled by them. */
const leftOut = new Set(['via', 'traceparent', 'tracestate', 'content-length', 'connection'])

const ends = /[\s/>]/
const attribute = /([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')/g
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(source: string): unknown }

export type Redactor = {
  headers(flat: readonly string[]): Record<string, string | string[]>
  path(path: string): string
  /** A body of a kind that is understood comes back without its secrets; any other, and a broken one, as undefined. */
  body(body: Buffer, contentType: string | undefined): string | undefined
}

/**
 * Makes requests fit to be stored: secrets become keyed hashes, equal ones equal hashes, so that sessions can still
 * be told apart.
 * @param fields names of further fields to hide, in queries and in bodies
 */
export function createRedactor(key: string, fields: readonly string[]): Redactor {
  const hidden = new Set([...secrets, ...fields.map(plain)])
  const hash = (value: string) =>
    `redacted-${createHmac('sha256', key).update(value).digest('hex').slice(0, 16)}`
  const hides = (name: string) => hidden.has(plain(name))

  /** As it came where it holds no secret; numbers keep their digits where it does. */
  function json(text: string): string {
    let found = false
    const value: unknown = JSON.parse(text, ((name: string, item: unknown, context: { source?: string }) => {
      if (typeof item === 'object' && item !== null) return item
      if (item !== null && hides(name)) {
        found = true
        return hash(String(item))
      }
      return typeof item === 'number' ? rawJson(context.source ?? String(item)) : item
    }) as (name: string, item: unknown) => unknown)
    return found ? JSON.stringify(value) : text
  }

  /** Texts and attributes that are hidden, by a scan that needs no more than the tags; the document is not checked. */
  function xml(text: string): string {
    let result = ''
    let at = 0
    for (;;) {
      const open = text.indexOf('<', at)
      const close = text.indexOf('>', open)
      if (open === -1 || close === -1) return result + text.slice(at)
      const tag = text.slice(open, close + 1)
      result += text.slice(at, open) + withoutAttributes(tag)
      at = close + 1
      const name = tag.slice(1).split(ends, 1)[0] ?? ''
      if (tag[1] === '/' || tag.endsWith('/>') || !hides(localOf(name))) continue
      const end = text.indexOf(`</${name}`, at)
      if (end === -1) return result
      result += hash(text.slice(at, end))
      at = end
    }
  }

  function withoutAttributes(tag: string): string {
    return tag.replaceAll(attribute, (whole, name: string, value: string) =>
      hides(localOf(name)) ? `${name}=${value[0]}${hash(value.slice(1, -1))}${value[0]}` : whole,
    )
  }

  const form = (text: string) =>
    text
      .split('&')
      .map(pair => {
        const equals = pair.indexOf('=')
        const name = equals === -1 ? pair : pair.slice(0, equals)
        return equals !== -1 && hides(decoded(name)) ? `${name}=${hash(pair.slice(equals + 1))}` : pair
      })
      .join('&')

  return {
    headers(flat) {
      const headers: Record<string, string | string[]> = {}
      for (let index = 0; index < flat.length; index += 2) {
        const name = flat[index]!.toLowerCase()
        if (leftOut.has(name) || name.startsWith('x-forwarded-') || name === '__proto__') continue
        const value = credentials.has(name) || hides(name) ? hash(flat[index + 1]!) : flat[index + 1]!
        const known = headers[name]
        headers[name] = known === undefined ? value : [known, value].flat()
      }
      return headers
    },
    path(path) {
      const question = path.indexOf('?')
      return question === -1 ? path : path.slice(0, question + 1) + form(path.slice(question + 1))
    },
    body(body, contentType) {
      const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
      const text = body.toString('utf8')
      try {
        if (text === '') return ''
        if (type === 'application/json' || type.endsWith('+json')) return json(text)
        if (type === 'text/xml' || type === 'application/xml' || type.endsWith('+xml')) return xml(text)
        if (type === 'application/x-www-form-urlencoded') return form(text)
      } catch {
        return undefined
      }
      return undefined
    },
  }
}

function localOf(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, '')
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
