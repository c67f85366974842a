import type { Answer, Side } from './exchange.ts'

/** What clients saw in one slice of time. */
export type Slice = {
  atMs: number
  legacy: number
  extracted: number
  failed: number
  p50Ms: number
  p99Ms: number
  maxWriteMs: number
}

export type Totals = { requests: number; writes: number; failed: number; unknown: number; staleReads: number }

export type TrafficStats = {
  record(answer: Answer, effect: 'read' | 'write'): void
  stale(what: string): void
  /** Closes the present slice and opens the next. */
  cut(atMs: number): Slice
  slices(): readonly Slice[]
  totals(): Totals
  /** The first failures and stale reads in words: what to look at when a run does not pass. */
  complaints(): readonly string[]
}

const keepComplaints = 10

export function createTrafficStats(): TrafficStats {
  const slices: Slice[] = []
  const complaints: string[] = []
  const totals: Totals = { requests: 0, writes: 0, failed: 0, unknown: 0, staleReads: 0 }
  let bySide: Record<Side, number> = { legacy: 0, extracted: 0 }
  let latencies: number[] = []
  let failed = 0
  let maxWriteMs = 0

  const complain = (text: string) => {
    if (complaints.length < keepComplaints) complaints.push(text)
  }
  return {
    record: (answer, effect) => {
      totals.requests++
      if (effect === 'write') {
        totals.writes++
        maxWriteMs = Math.max(maxWriteMs, answer.ms)
      }
      latencies.push(answer.ms)
      if (answer.side !== undefined) bySide[answer.side]++
      if (answer.outcome === 'ok') return
      if (answer.outcome === 'failed') totals.failed++
      else totals.unknown++
      failed++
      complain(
        `${effect} answered ${answer.status || 'nothing'} by ${answer.side ?? 'nobody'}: ${answer.text.slice(0, 300)}`,
      )
    },
    stale: what => {
      totals.staleReads++
      complain(`stale read: ${what}`)
    },
    cut: atMs => {
      const sorted = latencies.sort((a, b) => a - b)
      const slice = {
        atMs,
        ...bySide,
        failed,
        p50Ms: quantile(sorted, 0.5),
        p99Ms: quantile(sorted, 0.99),
        maxWriteMs,
      }
      slices.push(slice)
      bySide = { legacy: 0, extracted: 0 }
      latencies = []
      failed = 0
      maxWriteMs = 0
      return slice
    },
    slices: () => slices,
    totals: () => ({ ...totals }),
    complaints: () => complaints,
  }
}

/** The value below which that share of the sorted numbers lies (nearest rank); 0 for none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
