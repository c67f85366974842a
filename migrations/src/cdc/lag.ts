import type { Clock } from '@strangler/kit/clock.ts'

export const heartbeatIntervalMs = 1_000

export type LagGauge = {
  /** @param writtenAt by the same clock, on the source's server */
  heartbeatApplied(writtenAt: number): void
  lagMs(): number
}

/**
 * How far the target is behind, by heartbeat rows that this process wrote and saw applied: one clock, so servers' clocks
 * may differ, and an idle source still shows that its stream is alive. A missing heartbeat makes the lag grow.
 */
export function createLagGauge(clock: Clock): LagGauge {
  const startedAt = clock.now()
  let latency = 0
  let newest: number | undefined
  return {
    heartbeatApplied(writtenAt) {
      latency = Math.max(0, clock.now() - writtenAt)
      newest = writtenAt
    },
    lagMs() {
      const now = clock.now()
      if (newest === undefined) return Math.round(now - startedAt)
      return Math.round(Math.max(latency, now - newest - heartbeatIntervalMs, 0))
    },
  }
}
