import { Agent } from 'node:http'
import type { Log } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { childSpan, formatTraceparent } from '@strangler/kit/trace-context.ts'
import axios from 'axios'
import { BrokenCircuitError, circuitBreaker, handleAll, SamplingBreaker } from 'cockatiel'
import type { Caller } from '../application/participants.ts'

export type Answer = { status: number; type: string; body: Record<string, unknown> }

export type Send = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  caller: Caller,
  options?: { body?: unknown; idempotencyKey?: string },
) => Promise<Answer>

const requestMs = 10_000
const largestAnswer = 1_048_576

/**
 * Calls to one capability. There are no retries here: whoever calls has its own, and two layers would multiply. A
 * breaker opens when half of at least 20 calls in 10 s failed, and lets one through after 10 s; refusals (4xx) are
 * answers, not failures.
 * @param baseUrl the proxy's: which side serves the capability is not this service's business
 */
export function createServiceClient(baseUrl: string, capability: string, log: Log): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: 10_000,
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 2 }),
  })
  breaker.onBreak(() => log.warn({ capability }, 'circuit open'))
  const client = axios.create({
    baseURL: baseUrl,
    httpAgent: agent,
    timeout: requestMs,
    maxRedirects: 0,
    maxContentLength: largestAnswer,
    proxy: false,
    validateStatus: () => true,
  })
  return async (method, path, { trace, signal }, { body, idempotencyKey } = {}) => {
    try {
      return await breaker.execute(async () => {
        const { status, data } = await client.request<unknown>({
          method,
          url: path,
          signal,
          headers: {
            accept: 'application/json',
            traceparent: formatTraceparent(childSpan(trace)),
            ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
          },
          ...(body === undefined ? {} : { data: body }),
        })
        if (status >= 500) throw unavailable(capability, `${method} ${path} was answered ${status}`)
        const document = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {}
        return { status, type: String(document.type ?? ''), body: document }
      })
    } catch (error) {
      if (error instanceof BrokenCircuitError)
        throw unavailable(capability, `the circuit to ${capability} is open`)
      throw error
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
