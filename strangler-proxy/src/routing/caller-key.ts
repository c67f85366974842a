import type { CohortKey } from '../config/cohort-key.ts'

/** Where a caller's key is read from. Header names are lower case. */
export type CallerFacts = {
  header(name: string): string | undefined
  parameter(name: string): string | undefined
  address: string | undefined
}

/** What identifies the caller of a request, or undefined where it carries nothing of the kind. */
export function callerKey(key: CohortKey, facts: CallerFacts): string | undefined {
  const found = read(key, facts)
  return found === '' ? undefined : found
}

function read(key: CohortKey, facts: CallerFacts): string | undefined {
  switch (key.from) {
    case 'cookie':
      return cookieOf(facts.header('cookie'), key.name)
    case 'header':
      return facts.header(key.name)
    case 'param':
      return facts.parameter(key.name)
    case 'ip':
      return facts.address
    case 'bearer':
      return bearerSubject(facts.header('authorization'))
    default: {
      const never: never = key
      return never
    }
  }
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined
  let from = 0
  while (from < header.length) {
    const semicolon = header.indexOf(';', from)
    const end = semicolon === -1 ? header.length : semicolon
    while (header.charCodeAt(from) === 0x20) from++
    if (header.startsWith(name, from) && header.charCodeAt(from + name.length) === 0x3d /* = */)
      return header.slice(from + name.length + 1, end).trim()
    from = end + 1
  }
  return undefined
}

/**
 * The `sub` of a JSON Web Token, else the token itself: a token is renewed, its subject stays.
 * Not verified: it chooses a side, it grants nothing.
 */
function bearerSubject(header: string | undefined): string | undefined {
  if (header === undefined || header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  const token = header.slice(7).trim()
  const parts = token.split('.')
  if (parts.length !== 3) return token
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1]!, 'base64url').toString())
    const subject = typeof claims === 'object' && claims !== null && 'sub' in claims ? claims.sub : undefined
    return typeof subject === 'string' ? subject : token
  } catch {
    return token
  }
}
