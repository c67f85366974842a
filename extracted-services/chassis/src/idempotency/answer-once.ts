import { createHash } from 'node:crypto'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** What a request is answered, as it can be stored and given again. */
export type Answer = { status: number; headers: Readonly<Record<string, string>>; body: unknown }

export type Claim = { claimed: true } | { claimed: false; requestHash: string; answer: Answer }

/** Answers by Idempotency-Key; an implementation belongs to one transaction, that of the request's effect. */
export type IdempotencyStore = {
  /** Takes the key, or waits for whoever holds it and tells what that one was answered. */
  claim(key: string, requestHash: string): Promise<Claim>
  complete(key: string, answer: Answer): Promise<void>
}

const keyForm = /^[\x21-\x7e]{1,200}$/

/**
 * The request's Idempotency-Key, undefined when it has none.
 * @throws ToolkitError IDEMPOTENCY_KEY_INVALID unless it is 1 to 200 visible ASCII characters
 */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || keyForm.test(header)) return header
  throw new ToolkitError(
    'IDEMPOTENCY_KEY_INVALID',
    'Idempotency-Key must be 1 to 200 visible ASCII characters',
  )
}

/** Equal for requests that ask for the same: key order and white space of the body don't count. */
export function hashRequest(method: string, path: string, body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([method, path, sortKeys(body)]))
    .digest('hex')
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]) => [key, sortKeys(item)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * Runs `work` once per key; a repetition gets the first answer.
 * @throws ToolkitError IDEMPOTENCY_KEY_REUSED when the key came with another request before
 */
export async function answerOnce(
  store: IdempotencyStore,
  key: string | undefined,
  requestHash: string,
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (key === undefined) return work()
  const claim = await store.claim(key, requestHash)
  if (!claim.claimed) {
    if (claim.requestHash === requestHash) return claim.answer
    throw new ToolkitError('IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key came with another request before')
  }
  const answer = await work()
  await store.complete(key, answer)
  return answer
}
