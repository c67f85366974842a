import { setTimeout as delay } from 'node:timers/promises'
import type { OperatorView } from './operator-view.ts'
import type { LagPoint } from './report/demo-report.ts'
import type { TrafficStats } from './traffic/traffic-stats.ts'

const everyMs = 500

/** Cuts the traffic's figures into slices of half a second and asks for the lag at each cut. */
export function startSampling(
  stats: TrafficStats,
  view: OperatorView,
  nowMs: () => number,
): { stop(): Promise<LagPoint[]> } {
  const lag: LagPoint[] = []
  const stopped = new AbortController()
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      await delay(everyMs, undefined, { signal: stopped.signal }).catch(() => {})
      stats.cut(nowMs())
      // An engine that is not up at this moment leaves a gap in the plot, as it should.
      const status = await view.status().catch(() => undefined)
      if (typeof status?.lagMs === 'number') lag.push({ atMs: nowMs(), lagMs: status.lagMs })
    }
  })()
  return {
    stop: async () => {
      stopped.abort()
      await loop
      return lag
    },
  }
}
