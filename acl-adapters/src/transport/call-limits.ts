/** What one operation may take of the upstream and of this process. */
export type CallLimits = {
  /** To the end of the reply, the wait for a free place and every attempt included. */
  timeoutMs: number
  /** How long a write under an Idempotency-Key is still waited for, after its caller was told of the timeout. */
  lateMs: number
  /** Calls of one operation at a time; further ones wait, at most `queued` of them. */
  concurrent: number
  queued: number
  /** Attempts of a declared read, the first included. */
  attempts: number
  /** Failures in a row after which an operation is not called for `openMs`. */
  failures: number
  openMs: number
}

export const defaultCallLimits: CallLimits = {
  timeoutMs: 10_000,
  lateMs: 60_000,
  concurrent: 64,
  queued: 256,
  attempts: 3,
  failures: 10,
  openMs: 2_000,
}
