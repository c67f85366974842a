import { createHash, randomBytes } from 'node:crypto'
import type { SoapVersion } from '../contract/contract.ts'
import { envelopeNamespaces } from '../soap/soap-version.ts'
import { escapeText } from '../xml/xml-text.ts'
import { base64Encoding, passwordDigest, passwordText, wsse, wsu } from './wss-names.ts'

export type UsernameCredentials = {
  username: string
  password: string
  /** `digest` keeps the password off the wire; it does not keep it from whoever guesses. */
  form: 'text' | 'digest'
}

/** Base64(SHA-1(nonce + created + password)), UsernameToken profile §3.1. The profile knows no other hash. */
export function digestPassword(nonce: Buffer, created: string, password: string): string {
  return createHash('sha1').update(nonce).update(created).update(password, 'utf8').digest('base64')
}

/**
 * A Security header block with a UsernameToken, made anew for each message.
 * @param now milliseconds since the epoch
 */
export function writeUsernameToken(
  { username, password, form }: UsernameCredentials,
  version: SoapVersion,
  now: number,
): string {
  const nonce = randomBytes(16)
  const created = `${new Date(now).toISOString().slice(0, 19)}Z`
  const shown = form === 'text' ? password : digestPassword(nonce, created, password)
  const type = form === 'text' ? passwordText : passwordDigest
  return (
    `<wsse:Security xmlns:wsse="${wsse}" xmlns:wsu="${wsu}" xmlns:env="${envelopeNamespaces[version]}" env:mustUnderstand="${version === '1.1' ? '1' : 'true'}">` +
    `<wsse:UsernameToken><wsse:Username>${escapeText(username)}</wsse:Username>` +
    `<wsse:Password Type="${type}">${escapeText(shown)}</wsse:Password>` +
    `<wsse:Nonce EncodingType="${base64Encoding}">${nonce.toString('base64')}</wsse:Nonce>` +
    `<wsu:Created>${created}</wsu:Created></wsse:UsernameToken></wsse:Security>`
  )
}
