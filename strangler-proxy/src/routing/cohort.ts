import { murmur3 } from './murmur3.ts'

const range = 2 ** 32

/** Per capability, so that the cohorts of two capabilities do not correlate. */
export function cohortSeed(capability: string): number {
  return murmur3(capability, 0)
}

/** The hashes below which a caller belongs to the cohort: as percent grows, nobody leaves it. */
export function cohortThreshold(percent: number): number {
  return (percent / 100) * range
}

/**
 * Whether the caller is served by the extracted side in canary.
 * A caller without a key cannot be kept on one side, so it stays on legacy until percent is 100.
 */
export function inCohort(seed: number, threshold: number, key: string | undefined): boolean {
  if (threshold >= range) return true
  return key !== undefined && murmur3(key, seed) < threshold
}
