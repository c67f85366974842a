import { Agent } from 'node:http'
import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { childSpan, formatTraceparent, type TraceContext } from '@strangler/kit/trace-context.ts'
import axios from 'axios'
import { BrokenCircuitError, circuitBreaker, handleWhen, SamplingBreaker } from 'cockatiel'
import { spanLine } from '../telemetry/span-line.ts'

/** In which span a call is made, and when whoever makes it gives it up. */
export type Caller = { trace: TraceContext | undefined; signal: AbortSignal }

/** `type` is that of a problem document, else empty. */
export type Answer = { status: number; type: string; body: Record<string, unknown> }

export type Send = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  caller: Caller,
  options?: { body?: unknown; idempotencyKey?: string; headers?: Readonly<Record<string, string>> },
) => Promise<Answer>

const requestMs = 10_000
const largestAnswer = 1_048_576

/**
 * Calls to one capability. A breaker opens when half of at least 20 calls in 10 s failed, and lets one through after
 * 10 s; refusals (4xx) are answers, not failures, and a caller that hangs up says nothing about the capability.
 * @param baseUrl the proxy's: which side serves the capability is not the caller's business
 * @param retries of a GET that failed, at once. None where whoever calls tries again itself: two layers would multiply
 */
export function createCapabilityClient({
  baseUrl,
  capability,
  log,
  retries = 0,
}: {
  baseUrl: string
  capability: string
  log: Log
  retries?: number
}): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const counts = handleWhen(error => !isToolkitError(error, 'CALLER_GONE'))
  const breaker = circuitBreaker(counts, {
    halfOpenAfter: 10_000,
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 2 }),
  })
  breaker.onBreak(() => log.warn({ capability }, 'circuit open'))
  breaker.onReset(() => log.info({ capability }, 'circuit closed'))
  const client = axios.create({
    baseURL: baseUrl,
    httpAgent: agent,
    timeout: requestMs,
    maxRedirects: 0,
    maxContentLength: largestAnswer,
    proxy: false,
    validateStatus: () => true,
  })

  const exchange: Send = async (method, path, { trace, signal }, { body, idempotencyKey, headers } = {}) => {
    const span = childSpan(trace)
    const began = performance.now()
    const told = (outcome: object) => {
      const name = `${method} ${capability}`
      const ms = performance.now() - began
      log.info({ ...spanLine('call', name, span, trace, ms), path: withoutQuery(path), ...outcome }, 'call')
    }
    try {
      const { status, data } = await client.request<unknown>({
        method,
        url: path,
        signal,
        headers: {
          ...headers,
          accept: 'application/json',
          traceparent: formatTraceparent(span),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { data: body }),
      })
      told({ status })
      if (status >= 500) throw unavailable(capability, `${method} ${path} was answered ${status}`)
      const document = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {}
      return { status, type: String(document.type ?? ''), body: document }
    } catch (error) {
      if (error instanceof ToolkitError) throw error
      told({ failed: messageOf(error) })
      throw isGone(signal) ? gone(capability) : error
    }
  }

  return async (method, path, caller, options) => {
    const most = method === 'GET' ? retries : 0
    for (let tried = 0; ; tried++) {
      try {
        return await breaker.execute(() => exchange(method, path, caller, options))
      } catch (error) {
        if (error instanceof BrokenCircuitError)
          throw unavailable(capability, `the circuit to ${capability} is open`)
        if (tried === most || caller.signal.aborted) throw error
      }
    }
  }
}

/** An answer that this caller has no meaning for: the outcome counts as unknown. */
export function unexpected(capability: string, { status, type }: Answer): ToolkitError {
  return new ToolkitError('ANSWER_UNEXPECTED', `${capability} answered ${status} ${type}`, {
    hint: 'see whether the routes of the capability lead where they should',
    details: { capability, status, type },
  })
}

function unavailable(capability: string, message: string): ToolkitError {
  return new ToolkitError('CAPABILITY_UNAVAILABLE', message, { details: { capability } })
}

/** Whether the call was given up for another reason than that it took too long. */
function isGone({ aborted, reason }: AbortSignal): boolean {
  return aborted && (reason as { name?: unknown }).name !== 'TimeoutError'
}

function gone(capability: string): ToolkitError {
  return new ToolkitError('CALLER_GONE', `nobody waits for ${capability} any more`, {
    details: { capability },
  })
}

/** What is asked for may be somebody's name. */
function withoutQuery(path: string): string {
  return path.replace(/\?.*$/s, '')
}
