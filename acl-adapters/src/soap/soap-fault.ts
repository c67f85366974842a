import type { JsonObject } from '../codec/json.ts'

/**
 * A fault of either SOAP version in the terms of 1.1.
 * `code` is Client, Server, MustUnderstand or VersionMismatch (with its dotted refinement, as `Client.Auth`),
 * or `{namespace}local` for a code of the application's own.
 */
export type SoapFault = {
  code: string
  /** SOAP 1.2 only: `{namespace}local`, outermost first. */
  subcodes: readonly string[]
  reason: string
  actor?: string
  node?: string
  /** Decoded detail entries by local name of their element, for elements the contract declares. */
  detail: JsonObject
  /** `{namespace}local` of detail entries that no schema declares; their content is not carried. */
  undeclaredDetail: readonly string[]
}

const codes12: Readonly<Record<string, string>> = { Sender: 'Client', Receiver: 'Server' }
const codes11: Readonly<Record<string, string>> = { Client: 'Sender', Server: 'Receiver' }

/** Sender → Client, Receiver → Server. */
export function codeOf12(local: string): string {
  return Object.hasOwn(codes12, local) ? codes12[local]! : local
}

/** Client.Auth → Sender; what 1.2 does not know becomes Receiver. */
export function codeFor12(code: string): string {
  const main = code.split('.', 1)[0]!
  if (Object.hasOwn(codes11, main)) return codes11[main]!
  return main === 'MustUnderstand' || main === 'VersionMismatch' ? main : 'Receiver'
}
