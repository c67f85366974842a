/** What a caller with a wrong token is told, and how late. */
export type Refusal = { status: 401 } | { status: 429; delayMs: number; retryAfterSeconds: number }

/**
 * Slows down who tries tokens, by address. A right token always passes: a stale one in somebody's script must not
 * lock out the engine in the middle of a cutover.
 */
export type WrongTokens = {
  refuse(address: string): Refusal
  /** The delayed answer has been given. */
  answered(): void
}

const free = 10
const windowMs = 60_000
const delayMs = 1_000
const maxDelayed = 64
const maxAddresses = 10_000

/**
 * Ten within a minute are answered at once, further ones with 429 and a second late; where many wait already, at once.
 * @param elapsed monotonic milliseconds
 * @param onSlowed told once per address and minute
 */
export function createWrongTokens(elapsed: () => number, onSlowed: (address: string) => void): WrongTokens {
  const windows = new Map<string, { since: number; count: number }>()
  let delayed = 0

  function countOf(address: string): { since: number; count: number } {
    const now = elapsed()
    const known = windows.get(address)
    if (known !== undefined && now - known.since < windowMs) return known
    windows.delete(address)
    const oldest = windows.keys().next().value
    if (windows.size >= maxAddresses && oldest !== undefined) windows.delete(oldest)
    const fresh = { since: now, count: 0 }
    windows.set(address, fresh)
    return fresh
  }

  return {
    refuse(address) {
      const window = countOf(address)
      window.count++
      if (window.count <= free) return { status: 401 }
      if (window.count === free + 1) onSlowed(address)
      const waits = delayed < maxDelayed
      if (waits) delayed++
      return {
        status: 429,
        delayMs: waits ? delayMs : 0,
        retryAfterSeconds: Math.ceil((window.since + windowMs - elapsed()) / 1_000),
      }
    },
    answered() {
      delayed--
    },
  }
}
