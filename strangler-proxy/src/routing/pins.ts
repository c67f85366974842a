import type { Clock } from '@strangler/kit/clock.ts'

/** Answers whether everything that the write owner had committed when asked is applied on the other side. */
export type Barrier = (capability: string, timeoutMs: number, signal: AbortSignal) => Promise<boolean>

/** Read-your-writes: callers who wrote and are served by the write owner until their write is applied. */
export type Pins = {
  pin(caller: string): void
  has(caller: string | undefined): boolean
  size(): number
  clear(): void
  close(): void
}

const maxPins = 100_000
const barrierTimeoutMs = 5_000
const retryMs = [100, 250, 500, 1_000, 2_000]
/** Between two barriers, so that a steady stream of writes asks the engine at most 50 times a second. */
const pauseMs = 20

/**
 * One barrier is outstanding at a time, for all pins made before it was asked.
 * Without an engine nobody can say what has been applied: pins then stay until the stage changes.
 */
export function createPins(capability: string, barrier: Barrier | undefined, clock: Clock): Pins {
  const pins = new Map<string, number>()
  let sequence = 0
  /** Above `maxPins` nobody is told apart: all callers count as pinned until the pins before this are lifted. */
  let everybodyUntil = 0
  let asking = false
  const closing = new AbortController()

  const waiting = () => (pins.size > 0 || everybodyUntil > 0) && !closing.signal.aborted

  function liftUpTo(applied: number): void {
    for (const [caller, pinned] of pins) {
      if (pinned > applied) break
      pins.delete(caller)
    }
    if (everybodyUntil <= applied) everybodyUntil = 0
  }

  async function lift(ask: Barrier): Promise<void> {
    for (let failures = 0; waiting(); ) {
      const upTo = sequence
      const applied = await ask(capability, barrierTimeoutMs, closing.signal).catch(() => false)
      if (applied) liftUpTo(upTo)
      failures = applied ? 0 : failures + 1
      const wait = applied ? pauseMs : retryMs[Math.min(failures, retryMs.length) - 1]!
      await clock.sleep(wait, closing.signal).catch(() => {})
    }
    asking = false
  }

  return {
    pin(caller) {
      sequence++
      // Deleted first, so that the map stays in the order of the pins.
      pins.delete(caller)
      if (pins.size < maxPins) pins.set(caller, sequence)
      else everybodyUntil = sequence
      if (barrier === undefined || asking) return
      asking = true
      void lift(barrier)
    },
    has: caller => everybodyUntil > 0 || (caller !== undefined && pins.has(caller)),
    size: () => pins.size,
    clear() {
      pins.clear()
      everybodyUntil = 0
    },
    close: () => closing.abort(),
  }
}
