/** Requests by upper bound in seconds; cumulative, as Prometheus writes them. */
export type Histogram = ReadonlyMap<number, number>

const line = /^strangler_request_duration_seconds_bucket\{([^}]*)\} (\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/i

/** The durations of each `capability side` in the text of a proxy's /metrics. */
export function readHistograms(text: string): Map<string, Histogram> {
  const found = new Map<string, Map<number, number>>()
  for (const row of text.split('\n')) {
    const match = line.exec(row)
    if (match === null) continue
    const labels = labelsOf(match[1]!)
    const key = `${labels.get('capability')} ${labels.get('side')}`
    const bound = labels.get('le') === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.get('le'))
    const histogram = found.get(key) ?? new Map<number, number>()
    histogram.set(bound, (histogram.get(bound) ?? 0) + Number(match[2]))
    found.set(key, histogram)
  }
  return found
}

function labelsOf(text: string): Map<string, string> {
  return new Map([...text.matchAll(/(\w+)="([^"]*)"/g)].map(match => [match[1]!, match[2]!]))
}

/** What happened between two readings; a counter that went back was started again. */
export function histogramDelta(later: Histogram, earlier: Histogram | undefined): Histogram {
  const restarted = [...later].some(([bound, count]) => count < (earlier?.get(bound) ?? 0))
  if (earlier === undefined || restarted) return later
  return new Map([...later].map(([bound, count]) => [bound, count - (earlier.get(bound) ?? 0)]))
}

export function sumHistograms(histograms: readonly Histogram[]): Histogram {
  const sum = new Map<number, number>()
  for (const histogram of histograms)
    for (const [bound, count] of histogram) sum.set(bound, (sum.get(bound) ?? 0) + count)
  return sum
}

/**
 * The duration that a share of the requests stayed below, in milliseconds, taken as even within a bucket.
 * @returns null when there were none
 */
export function quantileMs(histogram: Histogram, share: number): number | null {
  const buckets = [...histogram].sort(([one], [other]) => one - other)
  const total = buckets.at(-1)?.[1] ?? 0
  if (total === 0) return null
  let below = { bound: 0, count: 0 }
  for (const [bound, count] of buckets) {
    if (count >= share * total) {
      if (bound === Number.POSITIVE_INFINITY) return below.bound * 1_000
      const within = count === below.count ? 1 : (share * total - below.count) / (count - below.count)
      return Math.round((below.bound + (bound - below.bound) * within) * 10_000) / 10
    }
    below = { bound, count }
  }
  return below.bound * 1_000
}
