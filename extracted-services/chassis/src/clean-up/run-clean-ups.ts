import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'

/** Rows that are kept for a time and then removed. */
export type CleanUp = {
  name: string
  /** How long they are kept, in ms. */
  keepMs: number
  /** Removes what is older than `before` (milliseconds since the epoch) and says how many there were. */
  remove(pool: Pool, before: number): Promise<number>
}

const hour = 3_600_000

/**
 * Runs clean-ups at once and then every hour, until `signal` is aborted. One that fails keeps no other from its turn.
 * Several processes may do it at the same time.
 */
export async function runCleanUps(
  cleanUps: readonly CleanUp[],
  { pool, clock, log }: { pool: Pool; clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const { name, keepMs, remove } of cleanUps) {
      if (signal.aborted) return
      try {
        const removed = await remove(pool, clock.now() - keepMs)
        if (removed > 0) log.info({ cleanUp: name, removed }, 'expired rows removed')
      } catch (error) {
        log.warn({ cleanUp: name, error: messageOf(error) }, 'expired rows not removed')
      }
    }
    await clock.sleep(hour, signal).catch(() => {})
  }
}
