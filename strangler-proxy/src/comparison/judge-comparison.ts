import type { ComparisonConfig } from '../config/config-schema.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { Tally } from './tally.ts'

export type Verdict = 'pass' | 'fail' | 'insufficient'

/** A share with the bounds between which it lies with the confidence that the file asks for. */
export type Interval = { share: number; low: number; high: number }

export type Judgement = {
  verdict: Verdict
  /** In a sentence, with the numbers. */
  why: string
  /** Reads that diverged, less those for which legacy differed from itself. */
  divergence: Interval
}

export type Limits = Pick<
  ComparisonConfig,
  'minSamples' | 'maxDivergence' | 'aboveNoise' | 'confidence' | 'maxSlowdown'
>

/** Of the normal distribution, two-sided. */
const deviations: Record<Limits['confidence'], number> = { 0.9: 1.645, 0.95: 1.96, 0.99: 2.576 }
const slowShare = 0.05

/**
 * What the figures of a route allow to say.
 *
 * fail: divergence stands out of the noise by `aboveNoise`, and even its low bound is over `maxDivergence`; or the
 * extracted side is slower than `maxSlowdown` allows. insufficient: too few samples, or the limit lies between the
 * bounds. pass: the high bound is within the limit, or what diverges does not stand out of the noise.
 */
export function judgeComparison(tally: Tally, limits: Limits): Judgement {
  const { maxDivergence, minSamples, confidence } = limits
  const samples = tally.matched + tally.ignored + tally.diverged
  const deviation = deviations[confidence]
  const divergence = lessNoise(
    wilson(tally.diverged, samples, deviation),
    // A single look that found no noise must not excuse a divergence: what was not seen is not taken off.
    wilson(tally.noise, tally.noise === 0 ? 0 : tally.noiseSamples, deviation),
  )
  const judged = (verdict: Verdict, why: string): Judgement => ({
    verdict,
    why,
    divergence: rounded(divergence),
  })
  if (samples < minSamples) return judged('insufficient', `${samples} of ${minSamples} samples`)
  const between = `${percent(divergence.low)} to ${percent(divergence.high)} diverge beyond the noise`
  const limit = `limit ${percent(maxDivergence)}`
  const stands = standsOut(tally, samples, limits.aboveNoise)
  if (stands && divergence.low > maxDivergence) return judged('fail', `${between}, ${limit}`)
  const slow = slowdown(tally, limits, deviation)
  if (slow !== undefined) return judged('fail', slow)
  if (stands && divergence.high > maxDivergence)
    return judged('insufficient', `${between}, ${limit}: more samples are needed to tell`)
  return judged('pass', `${tally.diverged} of ${samples} diverged, ${limit}`)
}

/**
 * Wilson's score interval of `count` in `total`: right also for small numbers and for shares near 0 and 1.
 * Of nothing it is 0.
 */
export function wilson(count: number, total: number, deviation: number): Interval {
  if (total === 0) return { share: 0, low: 0, high: 0 }
  const share = count / total
  const square = deviation ** 2
  const middle = (share + square / (2 * total)) / (1 + square / total)
  const half =
    (deviation * Math.sqrt((share * (1 - share)) / total + square / (4 * total ** 2))) / (1 + square / total)
  // At 0 and 1 the bound is exact, and rounding must not push it past.
  return {
    share,
    low: count === 0 ? 0 : Math.max(0, middle - half),
    high: count === total ? 1 : Math.min(1, middle + half),
  }
}

/** Newcombe's interval of a difference of two shares, from the interval of each. */
function lessNoise(diverged: Interval, noise: Interval): Interval {
  const share = diverged.share - noise.share
  return {
    share,
    low: share - Math.hypot(diverged.share - diverged.low, noise.high - noise.share),
    high: share + Math.hypot(diverged.high - diverged.share, noise.share - noise.low),
  }
}

/** The relative bar: by how much divergence exceeds noise, of both together; 1 where there is no noise. */
function standsOut({ diverged, noise, noiseSamples }: Tally, samples: number, aboveNoise: number): boolean {
  const share = diverged / samples
  const floor = noiseSamples === 0 ? 0 : noise / noiseSamples
  return share > floor && (share - floor) / (share + floor) >= aboveNoise
}

/** 5 % of legacy's replies take longer than its p95; more of the extracted side's, for sure, is slower. */
function slowdown(tally: Tally, { maxSlowdown, minSamples }: Limits, deviation: number): string | undefined {
  if (maxSlowdown === undefined) return undefined
  const legacy = new LatencyHistogram(tally.legacy)
  const extracted = new LatencyHistogram(tally.extracted)
  if (legacy.total < minSamples || extracted.total < minSamples) return undefined
  const limit = legacy.quantile(1 - slowShare) * maxSlowdown
  const { share, low } = wilson(extracted.above(limit), extracted.total, deviation)
  if (low <= slowShare) return undefined
  return `${percent(share)} of the extracted side's replies took over ${limit.toFixed(1)} ms, ${maxSlowdown} times legacy's p95`
}

function rounded({ share, low, high }: Interval): Interval {
  const digits = (value: number) => Math.round(value * 1e6) / 1e6
  return { share: digits(share), low: digits(low), high: digits(high) }
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}
