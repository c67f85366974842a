import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  wrap,
} from 'cockatiel'
import type { CallLimits } from './call-limits.ts'

export type CallGuard = {
  /**
   * Calls once, in the operation's own share of the upstream.
   * @param call takes the milliseconds that are left to it
   * @throws ToolkitError UPSTREAM_BUSY, UPSTREAM_OPEN (neither was sent), and what `call` throws
   */
  once<T>(call: (leftMs: number) => Promise<T>, timeoutMs: number): Promise<T>
  /** As `once`, and again after a failure that may pass, within the same time. For what only reads. */
  repeatedly<T>(call: (leftMs: number) => Promise<T>, timeoutMs: number): Promise<T>
}

const transportFailures = new Set(['UPSTREAM_UNREACHABLE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_CLOSED'])
/** Statuses that a server, or what stands before it, gives while it cannot serve. */
const unavailable = new Set([502, 503, 504])

/** A bulkhead, a breaker and retries around the calls of one operation. */
export function createCallGuard(operation: string, limits: CallLimits): CallGuard {
  const place = bulkhead(limits.concurrent, limits.queued)
  const breaker = circuitBreaker(handleWhen(isFailure), {
    halfOpenAfter: limits.openMs,
    breaker: new ConsecutiveBreaker(limits.failures),
  })
  const guarded = wrap(place, breaker)
  const repeat = retry(handleWhen(mayPass), {
    maxAttempts: limits.attempts - 1,
    backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 1_000 }),
  })

  const attempt = async <T>(call: (leftMs: number) => Promise<T>, deadline: number): Promise<T> => {
    try {
      return await guarded.execute(() => {
        const left = Math.floor(deadline - performance.now())
        if (left > 0) return call(left)
        throw busy(operation, 'no place came free in time')
      })
    } catch (error) {
      if (error instanceof BulkheadRejectedError)
        throw busy(operation, `${limits.concurrent} calls run and ${limits.queued} wait`)
      if (error instanceof BrokenCircuitError)
        throw new ToolkitError('UPSTREAM_OPEN', `${operation} failed ${limits.failures} times in a row`, {
          details: { openMs: limits.openMs },
          hint: 'it is tried again by itself',
        })
      throw error
    }
  }

  return {
    once: (call, timeoutMs) => attempt(call, performance.now() + timeoutMs),
    repeatedly(call, timeoutMs) {
      const deadline = performance.now() + timeoutMs
      return repeat.execute(() => attempt(call, deadline))
    },
  }
}

/** Whether it says something about the upstream's health. A fault is an answer, and a bad input is the caller's. */
function isFailure(error: unknown): boolean {
  if (!isToolkitError(error)) return false
  return transportFailures.has(error.code) || isUnavailable(error)
}

/** A timeout has used up the time that another attempt would need. */
function mayPass(error: unknown): boolean {
  return isFailure(error) && !isToolkitError(error, 'UPSTREAM_TIMEOUT')
}

function isUnavailable({ code, details }: ToolkitError): boolean {
  return code.startsWith('UPSTREAM_REPLY_') && unavailable.has(Number(details.status))
}

function busy(operation: string, why: string): ToolkitError {
  return new ToolkitError('UPSTREAM_BUSY', `${operation} has too many calls: ${why}`)
}
