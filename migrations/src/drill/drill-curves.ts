import type { Clock } from '@strangler/kit/clock.ts'

/** One moment of a drill: what was acknowledged since the one before, by side, what waited for an answer, and the lag. */
export type DrillSample = {
  atMs: number
  legacy: number
  extracted: number
  waiting: number
  lagMs: number | null
}

export type DrillCurves = { samples: readonly DrillSample[]; stop(): void }

const everyMs = 100
/** An hour is kept whole, at a coarser step. */
const mostSamples = 1_200

/**
 * Watches a drill for its report.
 * @param read the figures so far, with acknowledged writes as totals
 */
export function watchCurves(
  clock: Clock,
  read: () => { legacy: number; extracted: number; waiting: number; lagMs: number | null },
): DrillCurves {
  const began = clock.elapsed()
  const samples: DrillSample[] = []
  let before = { legacy: 0, extracted: 0 }
  const timer = setInterval(() => {
    const { legacy, extracted, waiting, lagMs } = read()
    samples.push({
      atMs: Math.round(clock.elapsed() - began),
      legacy: legacy - before.legacy,
      extracted: extracted - before.extracted,
      waiting,
      lagMs: lagMs === null ? null : Math.round(lagMs),
    })
    before = { legacy, extracted }
    if (samples.length > mostSamples) samples.splice(0, samples.length, ...halved(samples))
  }, everyMs)
  timer.unref()
  return { samples, stop: () => clearInterval(timer) }
}

/** Two samples as one: writes add up, the worse of the others stands. */
export function halved(samples: readonly DrillSample[]): DrillSample[] {
  return samples.flatMap((sample, index) => {
    if (index % 2 === 1) return []
    const next = samples[index + 1]
    if (next === undefined) return sample
    return {
      atMs: next.atMs,
      legacy: sample.legacy + next.legacy,
      extracted: sample.extracted + next.extracted,
      waiting: Math.max(sample.waiting, next.waiting),
      lagMs: sample.lagMs === null ? next.lagMs : Math.max(sample.lagMs, next.lagMs ?? 0),
    }
  })
}
