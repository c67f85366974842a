export type BreakerState = 'closed' | 'open' | 'half-open'

/** Passive: it learns from the requests that are forwarded anyway. */
export type Breaker = {
  state(): BreakerState
  /** Whether a request may go out now. While half-open, one probe at a time may. */
  admits(): boolean
  succeeded(): void
  failed(): void
  /** The request ended without saying anything about the upstream; a probe's turn is given back. */
  abandoned(): void
}

const windowMs = 10_000
const slices = 10
const minVolume = 20
const failureShare = 0.5
const restMs = 1_000

/**
 * Opens when half of at least 20 requests within 10 seconds failed, lets one probe through after a second of
 * rest, and closes when that probe succeeds.
 * @param elapsed monotonic milliseconds
 */
export function createBreaker(elapsed: () => number): Breaker {
  const sliceMs = windowMs / slices
  const totals = new Array<number>(slices).fill(0)
  const failures = new Array<number>(slices).fill(0)
  let slice = Math.floor(elapsed() / sliceMs)
  let openSince: number | undefined
  let probing = false

  function advance(): number {
    const now = Math.floor(elapsed() / sliceMs)
    for (let step = 0; slice < now && step < slices; step++) {
      slice++
      totals[slice % slices] = 0
      failures[slice % slices] = 0
    }
    slice = now
    return now % slices
  }

  const rested = () => openSince !== undefined && elapsed() - openSince >= restMs

  return {
    state: () => (openSince === undefined ? 'closed' : rested() ? 'half-open' : 'open'),
    admits() {
      if (openSince === undefined) return true
      if (!rested() || probing) return false
      probing = true
      return true
    },
    succeeded() {
      if (openSince !== undefined) {
        openSince = undefined
        probing = false
        totals.fill(0)
        failures.fill(0)
      }
      const at = advance()
      totals[at] = totals[at]! + 1
    },
    failed() {
      if (openSince !== undefined) {
        openSince = elapsed()
        probing = false
        return
      }
      const at = advance()
      totals[at] = totals[at]! + 1
      failures[at] = failures[at]! + 1
      const total = totals.reduce((sum, count) => sum + count, 0)
      const failed = failures.reduce((sum, count) => sum + count, 0)
      if (total >= minVolume && failed / total >= failureShare) openSince = elapsed()
    },
    abandoned() {
      probing = false
    },
  }
}
