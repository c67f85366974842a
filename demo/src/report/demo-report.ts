import type { Slice } from '../traffic/traffic-stats.ts'
import type { Mark } from './svg-plot.ts'

/** One claim of the demo, with the figure of this run that decides it. */
export type Claim = { name: string; value: string; limit: string; ok: boolean }

export type LagPoint = { atMs: number; lagMs: number }

/** All that a run measured; `demo.json` is exactly this. */
export type DemoReport = {
  ok: boolean
  startedAt: string
  seconds: number
  figures: Record<string, number | string | null>
  claims: Claim[]
  steps: (Mark & { command: string | null; seconds: number; outcome: string })[]
  slices: readonly Slice[]
  lag: readonly LagPoint[]
  batch: readonly { atMs: number; reviewed: number; refused: string | null }[]
  divergences: readonly unknown[]
  complaints: readonly string[]
}
