import { request } from 'undici'
import type { Barrier } from './pins.ts'

/** Asks the engine, which runs the sync, whether it has applied what had been committed. */
export function createSyncBarrier(operatorUrl: string, token: string): Barrier {
  return async (capability, timeoutMs, signal) => {
    const { statusCode, body } = await request(
      new URL(`/sync/${encodeURIComponent(capability)}/barrier`, operatorUrl),
      {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ timeoutMs }),
        headersTimeout: timeoutMs + 2_000,
        bodyTimeout: timeoutMs + 2_000,
        signal,
      },
    )
    const answer: unknown = await body.json()
    // The engine syncs no such capability: there is nothing to wait for.
    if (statusCode === 404) return true
    return (
      statusCode === 200 &&
      typeof answer === 'object' &&
      answer !== null &&
      'applied' in answer &&
      answer.applied === true
    )
  }
}
