import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { SoapVersion } from '../contract/contract.ts'
import { wsse } from '../security/wss-names.ts'
import { codeFor12 } from '../soap/soap-fault.ts'
import { type OutgoingFault, plainFault } from '../soap/write-envelope.ts'
import { qualifiedName } from '../xml/qualified-name.ts'

export type RefusalFault = { fault: OutgoingFault; status?: number }

type Code = Parameters<typeof plainFault>[0]

/** Errors that tell the caller what is wrong with the message; a status only where HTTP has one of its own. */
const clientErrors: Readonly<Record<string, readonly [Code, number?]>> = {
  XML_MALFORMED: ['Client', 400],
  XML_DOCTYPE_REFUSED: ['Client', 400],
  XML_INSTRUCTION_REFUSED: ['Client', 400],
  XML_TOO_DEEP: ['Client', 400],
  XML_TOO_MANY_ATTRIBUTES: ['Client', 400],
  XML_TOO_LARGE: ['Client', 413],
  XML_CHARSET_UNSUPPORTED: ['Client', 415],
  MEDIA_TYPE_UNSUPPORTED: ['Client', 415],
  ENVELOPE_MISSING: ['Client', 400],
  ENVELOPE_INVALID: ['Client'],
  ENVELOPE_VERSION_UNKNOWN: ['VersionMismatch'],
  HEADER_NOT_UNDERSTOOD: ['MustUnderstand'],
  MESSAGE_INVALID: ['Client'],
  MULTIPART_INVALID: ['Client', 400],
  GRAPH_CYCLIC: ['Client'],
  OPERATION_UNKNOWN: ['Client'],
  OPERATION_UNSUPPORTED: ['Client'],
  ACTION_CONTRADICTS: ['Client'],
}

const wsseCode = (local: string) => qualifiedName(wsse, local)

/** WS-Security 1.0 §12. What exactly was wrong stays in the log: it would help who guesses. */
const securityErrors: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  SECURITY_MISSING: [wsseCode('InvalidSecurity'), 'a wsse:UsernameToken is required'],
  SECURITY_INVALID: [wsseCode('InvalidSecurityToken'), 'the Security header cannot be used'],
  SECURITY_FAILED: [wsseCode('FailedAuthentication'), 'the security token could not be authenticated'],
}

/** The one place where an error of the SOAP façade becomes a fault; what nobody foresaw says nothing of itself. */
export function faultOfRefusal(error: unknown): RefusalFault {
  if (!isToolkitError(error)) return { fault: plainFault('Server', 'internal error') }
  const known = clientErrors[error.code]
  if (known !== undefined) {
    const [code, status] = known
    return { fault: plainFault(code, error.message), ...(status === undefined ? {} : { status }) }
  }
  const security = securityErrors[error.code]
  if (security !== undefined) return { fault: { code: security[0], reason: security[1] } }
  const away = error.code === 'UPSTREAM_UNREACHABLE' || error.code === 'UPSTREAM_TIMEOUT'
  return { fault: plainFault('Server', away ? 'the service does not answer' : 'internal error') }
}

/** SOAP 1.1 §6.2: any fault is 500. SOAP 1.2 Part 2 §7.5.2: Sender is 400. */
export function statusOfFault(version: SoapVersion, fault: OutgoingFault): number {
  return version === '1.2' && codeFor12(fault.code) === 'Sender' ? 400 : 500
}
