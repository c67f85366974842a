import type { Clock } from '@strangler/kit/clock.ts'

/** Answers whether everything that the write owner had committed when asked is applied on the other side. */
export type Barrier = (capability: string, timeoutMs: number, signal: AbortSignal) => Promise<boolean>

/** Read-your-writes: callers who wrote and are served by the write owner until their write is applied. */
export type Pins = {
  /** Called before a write goes out, so that its caller is pinned wherever the next read arrives. */
  begin(caller: string): PinnedWrite
  has(caller: string | undefined): boolean
  size(): number
  clear(): void
  close(): void
}

/** A write on its way to the write owner. */
export type PinnedWrite = {
  /** Resolves once every worker has the pin; undefined where they have it now. */
  ready: Promise<void> | undefined
  /**
   * Called before the client sees the reply; a second call does nothing.
   * @param wrote whether the write may have happened
   */
  end(wrote: boolean): void
}

/** The pins as those who keep a copy of them see them. */
export type PinsView = { callers: readonly string[]; everybody: boolean }

const maxPins = 100_000
const barrierTimeoutMs = 5_000
const retryMs = [100, 250, 500, 1_000, 2_000]
/** Between two barriers, so that a steady stream of writes asks the engine at most 50 times a second. */
const pauseMs = 20

/**
 * One barrier is outstanding at a time, for all pins made before it was asked.
 * Without an engine nobody can say what has been applied: pins then stay until the stage changes.
 * @param onLifted told whose pins are gone, and whether everybody counts as pinned still
 */
export function createPins(
  capability: string,
  barrier: Barrier | undefined,
  clock: Clock,
  onLifted: (callers: readonly string[], everybody: boolean) => void = () => {},
): Pins & { view(): PinsView } {
  const pins = new Map<string, number>()
  /** Writes that have no reply yet, by caller. */
  const open = new Map<string, number>()
  let sequence = 0
  /** Above `maxPins` nobody is told apart: all callers count as pinned until the pins before this are lifted. */
  let everybodyUntil = 0
  let asking = false
  const closing = new AbortController()

  const waiting = () => (pins.size > 0 || everybodyUntil > 0) && !closing.signal.aborted

  function liftUpTo(applied: number): void {
    const lifted: string[] = []
    for (const [caller, pinned] of pins) {
      if (pinned > applied) break
      pins.delete(caller)
      if (!open.has(caller)) lifted.push(caller)
    }
    if (everybodyUntil <= applied) everybodyUntil = 0
    onLifted(lifted, everybodyUntil > 0)
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

  function pin(caller: string): void {
    sequence++
    // Deleted first, so that the map stays in the order of the pins.
    pins.delete(caller)
    if (pins.size < maxPins) pins.set(caller, sequence)
    else everybodyUntil = sequence
    if (barrier === undefined || asking) return
    asking = true
    void lift(barrier)
  }

  return {
    begin(caller) {
      open.set(caller, (open.get(caller) ?? 0) + 1)
      let ended = false
      return {
        ready: undefined,
        end(wrote) {
          if (ended) return
          ended = true
          const left = open.get(caller)! - 1
          if (left > 0) open.set(caller, left)
          else open.delete(caller)
          if (wrote) pin(caller)
          else if (left === 0 && !pins.has(caller)) onLifted([caller], everybodyUntil > 0)
        },
      }
    },
    has: caller => everybodyUntil > 0 || (caller !== undefined && (pins.has(caller) || open.has(caller))),
    size: () => pins.size,
    view: () => ({ callers: [...new Set([...pins.keys(), ...open.keys()])], everybody: everybodyUntil > 0 }),
    clear() {
      pins.clear()
      everybodyUntil = 0
    },
    close: () => closing.abort(),
  }
}
