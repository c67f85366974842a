import { createHash, timingSafeEqual } from 'node:crypto'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { isJsonObject, type Json, type JsonObject } from '../codec/json.ts'
import type { Contract } from '../contract/contract.ts'
import { knownSchema } from '../contract/known-schemas.ts'
import { compileContract } from '../contract/load-contract.ts'
import type { HeaderDeclaration } from '../soap/read-envelope.ts'
import { type QualifiedName, qualifiedName } from '../xml/qualified-name.ts'
import { digestPassword } from './username-token.ts'
import { passwordDigest, passwordText, wsse, wsu } from './wss-names.ts'

export type UsernameRules = {
  passwords: ReadonlyMap<string, string>
  /** How old a token may be, and how far ahead of this clock. */
  freshMs: number
  aheadMs: number
  /** Nonces remembered within that time; beyond it tokens with a nonce are refused. */
  nonces: number
}

export const defaultUsernameRules: Omit<UsernameRules, 'passwords'> = {
  freshMs: 300_000,
  aheadMs: 60_000,
  nonces: 100_000,
}

export type SecurityCheck = {
  readonly header: QualifiedName
  readonly declaration: HeaderDeclaration
  /**
   * @param block the Security header as the declaration decodes it; undefined where the message has none
   * @throws ToolkitError SECURITY_MISSING, SECURITY_INVALID, SECURITY_FAILED
   */
  verify(block: Json | undefined): void
}

/**
 * Checks the UsernameToken of each message (WS-Security UsernameToken profile 1.0): a digest needs a nonce and a
 * time, and a nonce is taken once within the window in which its token is fresh.
 * @param now milliseconds since the epoch
 */
export function createUsernameCheck(rules: UsernameRules, now: () => number): SecurityCheck {
  const contract = securityContract()
  const header = qualifiedName(wsse, 'Security')
  const seen = new Map<string, number>()

  const refuseRepetition = (nonce: string, created: string, username: string) => {
    const at = now()
    for (const [key, until] of seen) {
      if (until >= at) break
      seen.delete(key)
    }
    const key = createHash('sha256').update(`${username}\n${created}\n${nonce}`).digest('base64')
    if (seen.has(key)) throw failed('the token was used before')
    if (seen.size >= rules.nonces) throw failed('too many tokens within the time they are fresh')
    seen.set(key, at + rules.freshMs + rules.aheadMs)
  }

  const refuseStale = (created: string) => {
    const time = Date.parse(created)
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(created) || Number.isNaN(time))
      throw invalid('Created is not a time with a zone')
    if (time < now() - rules.freshMs || time > now() + rules.aheadMs) throw failed('the token is not fresh')
  }

  return {
    header,
    declaration: { element: contract.elements.get(header)!, contract },
    verify(block) {
      if (block === undefined) throw new ToolkitError('SECURITY_MISSING', 'a wsse:UsernameToken is required')
      const token = only(nodesIn(block), 'UsernameToken', true)!
      const parts = nodesIn(token)
      const password = only(parts, 'Password', true)!
      const nonce = textOf(only(parts, 'Nonce', false))
      const created = textOf(only(parts, 'Created', false))
      const username = textOf(token.Username as Json) ?? ''
      if (created !== undefined) refuseStale(created)
      const known = rules.passwords.get(username)
      const given = textOf(password) ?? ''
      const type = password['@Type'] ?? passwordText
      // Of a name that nobody has as much is computed as of one that is known.
      const expected = type === passwordDigest ? digestOf(nonce, created, known ?? '') : (known ?? '')
      if (type !== passwordDigest && type !== passwordText) throw invalid('the password has an unknown type')
      if (!isEqual(given, expected) || known === undefined) throw failed('the name or the password is wrong')
      if (nonce !== undefined) refuseRepetition(nonce, created ?? '', username)
    },
  }
}

function securityContract(): Contract {
  const { file, text } = knownSchema(wsse)
  return compileContract(file, () => text).contract
}

function digestOf(nonce: string | undefined, created: string | undefined, password: string): string {
  if (nonce === undefined || created === undefined)
    throw invalid('a password digest needs a Nonce and Created')
  if (!/^[A-Za-z0-9+/]{8,512}={0,2}$/.test(nonce)) throw invalid('the Nonce is not base64 of 6 bytes or more')
  return digestPassword(Buffer.from(nonce, 'base64'), created, password)
}

/** What stands in a `$any`. */
function nodesIn(block: Json): JsonObject[] {
  const any = isJsonObject(block) ? block.$any : undefined
  return Array.isArray(any) ? any.filter(isJsonObject) : []
}

function only(nodes: readonly JsonObject[], local: string, required: boolean): JsonObject | undefined {
  const names = [qualifiedName(wsse, local), qualifiedName(wsu, local)]
  const found = nodes.filter(node => names.includes(String(node['#'])))
  if (found.length > 1 || (required && found.length === 0))
    throw invalid(`the Security header needs one ${local}, and has ${found.length}`)
  return found[0]
}

function textOf(node: Json | undefined): string | undefined {
  if (typeof node === 'string') return node.trim()
  if (!isJsonObject(node)) return undefined
  return typeof node.$ === 'string' ? node.$.trim() : undefined
}

function isEqual(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text, 'utf8').digest()
  return timingSafeEqual(hash(given), hash(expected))
}

function invalid(message: string): ToolkitError {
  return new ToolkitError('SECURITY_INVALID', message)
}

function failed(message: string): ToolkitError {
  return new ToolkitError('SECURITY_FAILED', message)
}
