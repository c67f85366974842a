export type Quantiles = { p50Ms: number; p99Ms: number; maxMs: number }

/** Nearest-rank quantiles of durations in milliseconds; zeros where there are none. */
export function quantiles(values: readonly number[]): Quantiles {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number) => {
    const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
    return Math.round(value * 100) / 100
  }
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}
