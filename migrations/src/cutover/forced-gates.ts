import type { Refusal } from './refusal.ts'

/** Gates that ask for evidence, or for time. All others stand for data that would be lost, and hold whoever asks. */
const passable = new Set([
  'COMPARISON_INSUFFICIENT',
  'COMPARISON_FAILED',
  'DRILL_MISSING',
  'DRILL_FAILED',
  'DRILL_STALE',
  'SOAK_NOT_OVER',
])

/** What an operator who insists passes, and what stands all the same. */
export function splitForced(refusals: readonly Refusal[]): { passed: Refusal[]; standing: Refusal[] } {
  return {
    passed: refusals.filter(({ code }) => passable.has(code)),
    standing: refusals.filter(({ code }) => !passable.has(code)),
  }
}
