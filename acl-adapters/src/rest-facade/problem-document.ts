import { isToolkitError, type ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Json } from '../codec/json.ts'
import type { Operation } from '../contract/contract.ts'
import type { SoapFault } from '../soap/soap-fault.ts'
import { localOf } from '../xml/qualified-name.ts'

/** RFC 9457. */
export type ProblemDocument = { type: string; title: string; status: number; detail: string } & Record<
  string,
  unknown
>

export function problem(name: string, title: string, status: number, detail: string): ProblemDocument {
  return { type: `urn:problem:${name}`, title, status, detail }
}

type Row = readonly [name: string, title: string, status: number]

/** The one place where an error of the REST façade becomes a status. */
const rows: Readonly<Record<string, Row>> = {
  NOT_FOUND: ['not-found', 'Not found', 404],
  BAD_REQUEST: ['bad-request', 'Bad request', 400],
  METHOD_NOT_ALLOWED: ['method-not-allowed', 'Method not allowed', 405],
  JSON_MALFORMED: ['malformed-json', 'Malformed JSON', 400],
  XML_REFUSED: ['malformed-xml', 'Malformed XML', 400],
  NOT_ACCEPTABLE: ['not-acceptable', 'Not acceptable', 406],
  MEDIA_TYPE_UNSUPPORTED: ['unsupported-media-type', 'Unsupported media type', 415],
  BODY_TOO_LARGE: ['body-too-large', 'Body too large', 413],
  VALUE_REFUSED: ['value-refused', 'Value refused', 422],
  REHEARSAL_UNSUPPORTED: ['rehearsal-unsupported', 'Rehearsal not supported', 501],
  OPERATION_UNSUPPORTED: ['operation-unsupported', 'Operation not supported', 501],
  CONSTRUCT_UNSUPPORTED: ['operation-unsupported', 'Operation not supported', 501],
  IDEMPOTENCY_KEY_REUSED: ['idempotency-key-reuse', 'Idempotency-Key used for another request', 422],
  OUTCOME_UNKNOWN: ['outcome-unknown', 'Outcome unknown', 504],
  OUTCOMES_FULL: ['unavailable', 'Unavailable', 503],
  OUTCOMES_UNWRITABLE: ['unavailable', 'Unavailable', 503],
  UPSTREAM_BUSY: ['unavailable', 'Unavailable', 503],
  UPSTREAM_OPEN: ['unavailable', 'Unavailable', 503],
  UPSTREAM_UNREACHABLE: ['unavailable', 'Unavailable', 503],
  UPSTREAM_TIMEOUT: ['upstream-timeout', 'Upstream timeout', 504],
  UPSTREAM_CLOSED: ['upstream-closed', 'Upstream closed the connection', 502],
  UPSTREAM_REPLY_TOO_LARGE: ['upstream-reply', 'Upstream reply refused', 502],
  UPSTREAM_REPLY_ENCODED: ['upstream-reply', 'Upstream reply refused', 502],
  UPSTREAM_REPLY_EMPTY: ['upstream-reply', 'Upstream reply refused', 502],
  UPSTREAM_REPLY_NOT_SOAP: ['upstream-reply', 'Upstream reply refused', 502],
  UPSTREAM_REPLY_INVALID: ['upstream-reply', 'Upstream reply refused', 502],
}

/** After these the caller cannot know whether the upstream acted. */
const outcomeUnknown = new Set(['UPSTREAM_TIMEOUT', 'UPSTREAM_CLOSED', 'OUTCOME_UNKNOWN'])

/** An error as a problem document; one that nobody foresaw tells nothing about itself. */
export function problemOfError(error: unknown, instance: string): ProblemDocument {
  const row = isToolkitError(error) ? rows[error.code] : undefined
  if (!isToolkitError(error) || row === undefined)
    return problem('internal', 'Internal error', 500, 'the request failed')
  const [name, title, status] = row
  const document = problem(
    name,
    title,
    status,
    status >= 500 && status !== 501 ? generic(error) : error.message,
  )
  if (error.code === 'VALUE_REFUSED')
    return { ...document, detail: 'the body is not of the schema', errors: pointersOf(error) }
  const { operationId } = error.details
  if (outcomeUnknown.has(error.code))
    return {
      ...document,
      outcome: 'unknown',
      ...(operationId === undefined ? {} : { operationId }),
      instance,
    }
  return status >= 500 ? { ...document, instance } : document
}

/** Upstream addresses and texts stay in the log. */
function generic(error: ToolkitError): string {
  if (error.code === 'UPSTREAM_BUSY') return 'too many calls of this operation are under way'
  if (error.code === 'UPSTREAM_OPEN') return 'this operation has failed too often and rests for a moment'
  if (error.code === 'OUTCOME_UNKNOWN')
    return 'the request was sent under this Idempotency-Key, and whether it took effect is not known'
  if (error.code.startsWith('OUTCOMES_')) return 'the outcome of this request could not be kept'
  if (error.code === 'UPSTREAM_UNREACHABLE') return 'the upstream does not answer'
  if (error.code === 'UPSTREAM_TIMEOUT') return 'the upstream has not answered in time'
  return 'the upstream gave no usable answer'
}

function pointersOf(error: ToolkitError): { pointer: string; detail: string }[] {
  const problems = error.details.problems as readonly { path: string; message: string }[]
  return problems.map(({ path, message }) => ({ pointer: path === '/' ? '' : path, detail: message }))
}

/**
 * A fault as a problem document (RFC 9457), with the typed fault in `fault` so that nothing is lost.
 * Its status, first that applies: by the name of a declared fault, by the fault code.
 */
export function problemOfFault(fault: SoapFault, operation: Operation, instance: string): ProblemDocument {
  const declared = operation.faults.find(({ element }) => localOf(element.name) in fault.detail)
  const name = declared === undefined ? undefined : localOf(declared.element.name)
  const status = name === undefined ? statusOfCode(fault) : statusOfName(name)
  return {
    type: declared === undefined ? 'about:blank' : faultUri(declared.element.name),
    title: name ?? 'SOAP fault',
    status,
    // What the server says of its own failure may be a stack trace.
    detail: status >= 500 ? 'the upstream reported a failure' : fault.reason,
    instance,
    fault: {
      code: fault.code,
      subcodes: fault.subcodes,
      ...(fault.actor === undefined ? {} : { actor: fault.actor }),
      ...(fault.node === undefined ? {} : { node: fault.node }),
      detail: fault.detail as Json,
    },
  }
}

function faultUri(name: string): string {
  const end = name.indexOf('}')
  return `${name.slice(1, end)}${name.startsWith('{urn:') ? ':' : '#'}${name.slice(end + 1)}`
}

function statusOfName(name: string): number {
  if (/NotFound/i.test(name)) return 404
  return /Exists|Duplicate|Conflict/i.test(name) ? 409 : 422
}

function statusOfCode({ code, subcodes }: SoapFault): number {
  const codes = [code, ...subcodes].map(text => localOf(`{}${text}`.replace(/^\{\}\{/, '{')))
  if (codes.some(text => /^(FailedAuthentication|InvalidSecurity|InvalidSecurityToken)$/.test(text)))
    return 401
  if (codes.some(text => /AccessDenied|NotAuthorized|Unauthorized|Forbidden/i.test(text))) return 403
  return /^(Client|Sender)(\.|$)/.test(code) ? 400 : 502
}
