/** How many durations fell into each bucket, as pairs in no order: what crosses from process to process. */
export type LatencyCounts = readonly (readonly [bucket: number, count: number])[]

const floorMs = 0.01
const growth = Math.log(1.05)

/** Durations in buckets that grow by 5 %: bounded, exact to that share, and to be added up. */
export class LatencyHistogram {
  readonly #counts = new Map<number, number>()
  #total = 0

  constructor(counts: LatencyCounts = []) {
    this.merge(counts)
  }

  get total(): number {
    return this.#total
  }

  add(ms: number): void {
    this.merge([[bucketOf(ms), 1]])
  }

  merge(counts: LatencyCounts): void {
    for (const [bucket, count] of counts) {
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
      this.#total += count
    }
  }

  counts(): LatencyCounts {
    return [...this.#counts]
  }

  /** Nearest rank, in milliseconds; 0 of nothing. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(this.#total * share))
    let seen = 0
    for (const [bucket, count] of [...this.#counts].sort(([one], [other]) => one - other)) {
      seen += count
      if (seen >= rank) return middleOf(bucket)
    }
    return 0
  }

  /** How many took longer than `ms`. */
  above(ms: number): number {
    const limit = bucketOf(ms)
    let count = 0
    for (const [bucket, number] of this.#counts) if (bucket > limit) count += number
    return count
  }
}

function bucketOf(ms: number): number {
  return ms <= floorMs ? 0 : Math.ceil(Math.log(ms / floorMs) / growth)
}

function middleOf(bucket: number): number {
  return Math.round(floorMs * Math.exp((bucket - 0.5) * growth) * 100) / 100
}
