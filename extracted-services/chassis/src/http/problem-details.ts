import { isToolkitError, type ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { isDatabaseUnavailable, isWriteFenced } from '../database/database-error.ts'

/** RFC 9457. `type` is a URN of this product; further members depend on it. */
export type ProblemDetails = {
  type: string
  title: string
  status: number
  detail: string
} & Record<string, unknown>

export type ProblemAnswer = { problem: ProblemDetails; headers: Readonly<Record<string, string>> }

/** How a service's own ToolkitError codes are answered. */
export type ProblemMapping = Readonly<Record<string, (error: ToolkitError) => ProblemDetails>>

const soon = { 'retry-after': '1' }

/** Errors of the chassis itself. */
const ownProblems: ProblemMapping = {
  VALIDATION_FAILED: error => ({
    ...problem('validation', 'Validation failed', 422, error.message),
    violations: error.details.violations,
  }),
  NOT_FOUND: error => problem('not-found', 'Not found', 404, error.message),
  METHOD_NOT_ALLOWED: error => problem('method-not-allowed', 'Method not allowed', 405, error.message),
  BODY_MISSING: error => problem('malformed-json', 'Malformed JSON', 400, error.message),
  BODY_MALFORMED: error => problem('malformed-json', 'Malformed JSON', 400, error.message),
  MEDIA_TYPE_UNSUPPORTED: error =>
    problem('unsupported-media-type', 'Unsupported media type', 415, error.message),
  IDEMPOTENCY_KEY_INVALID: error =>
    problem('idempotency-key-invalid', 'Idempotency-Key invalid', 400, error.message),
  IDEMPOTENCY_KEY_REUSED: error =>
    problem('idempotency-key-reuse', 'Idempotency-Key reused', 422, error.message),
}

/** Refusals of express and its body parser, by status. Their own texts can quote the body, so they are not passed on. */
const requestProblems: Readonly<Record<number, ProblemDetails>> = {
  400: problem('bad-request', 'Bad request', 400, 'the request is not valid HTTP for this resource'),
  413: problem('body-too-large', 'Body too large', 413, 'the body is over the limit of 65536 bytes'),
  415: problem(
    'unsupported-media-type',
    'Unsupported media type',
    415,
    'the body must be application/json in UTF-8',
  ),
}

export function problem(name: string, title: string, status: number, detail: string): ProblemDetails {
  return { type: `urn:problem:${name}`, title, status, detail }
}

/**
 * The one place where an error becomes a status. An error that nobody foresaw is answered 500 with no word about itself.
 * @param mapping codes of the service; they come before the chassis' own
 */
export function problemOf(error: unknown, mapping: ProblemMapping = {}): ProblemAnswer {
  if (isWriteFenced(error)) {
    const detail = 'writes of this capability are accepted on the other side'
    return { problem: problem('write-fenced', 'Write fenced', 503, detail), headers: soon }
  }
  if (isToolkitError(error)) {
    const known = mapping[error.code] ?? ownProblems[error.code]
    if (known !== undefined) {
      const answer = known(error)
      return { problem: answer, headers: { ...(answer.status === 503 ? soon : {}), ...headersFor(error) } }
    }
  }
  if (isDatabaseUnavailable(error)) {
    const detail = 'the database does not answer'
    return { problem: problem('unavailable', 'Unavailable', 503, detail), headers: soon }
  }
  const refused = requestProblemOf(error)
  if (refused !== undefined) return { problem: refused, headers: {} }
  return { problem: problem('internal', 'Internal error', 500, 'the request failed'), headers: {} }
}

function headersFor(error: ToolkitError): Readonly<Record<string, string>> {
  return error.code === 'METHOD_NOT_ALLOWED' ? { allow: String(error.details.allow) } : {}
}

function requestProblemOf(error: unknown): ProblemDetails | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { status, type } = error as Record<string, unknown>
  if (type === 'entity.parse.failed')
    return problem('malformed-json', 'Malformed JSON', 400, 'the body is not JSON')
  return requestProblems[Number(status)]
}
