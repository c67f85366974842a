import { messageOf } from '@strangler/kit/toolkit-error.ts'

/**
 * How an upstream failed: not reachable, no valid reply, no reply in time; not asked because it fails, has enough
 * to do, or has no server.
 */
export type Failure = 'refused' | 'broken' | 'timeout' | 'resting' | 'full' | 'no-instance'

const unreachable = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'])
const late = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])

/** What an error of the HTTP client means for the request. */
export function failureOf(error: Error): { kind: 'refused' | 'broken' | 'timeout'; message: string } {
  const code = codeOf(error)
  if (error.cause === 'timeout' || (code !== undefined && late.has(code)))
    return { kind: 'timeout', message: code ?? 'no reply in time' }
  if (code !== undefined && unreachable.has(code)) return { kind: 'refused', message: code }
  return { kind: 'broken', message: code === undefined ? messageOf(error) : `${code} ${messageOf(error)}` }
}

function codeOf(error: Error): string | undefined {
  if ('code' in error && typeof error.code === 'string') return error.code
  // Node tries every address of a name and reports them together.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0])
  return undefined
}
