import type { Clock } from '@strangler/kit/clock.ts'

/** Lets those who rest between two looks know, within one process, that there is something to see. */
export type Waker = {
  wake(): void
  /** Resolves after `ms`, when somebody wakes, or when `signal` is aborted. */
  rest(clock: Clock, ms: number, signal: AbortSignal): Promise<void>
}

export function createWaker(): Waker {
  let woken = Promise.withResolvers<void>()
  return {
    wake: () => {
      woken.resolve()
      woken = Promise.withResolvers<void>()
    },
    rest: async (clock, ms, signal) => {
      const up = new AbortController()
      const over = AbortSignal.any([signal, up.signal])
      await Promise.race([clock.sleep(ms, over).catch(() => {}), woken.promise])
      up.abort()
    },
  }
}
