import { setTimeout as delay } from 'node:timers/promises'

/** Time, passed in so that tests own it. */
export type Clock = {
  /** Wall clock, milliseconds since the epoch: for what people read, never for measuring. */
  now(): number
  /** Monotonic milliseconds: for deadlines and durations. */
  elapsed(): number
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
}
