import type { Effect, Side, Stage } from '../config/config-schema.ts'

export type StageFacts = { stage: Stage; writes: Side | undefined }

/**
 * Which side serves a request: the table of stages.
 * Writes go to the write owner; a capability without data of its own has none, so its writes follow its reads.
 * @param cohort whether the caller belongs to the canary cohort
 * @param pinned whether the caller wrote and must still be served by the write owner
 */
export function servingSide(facts: StageFacts, effect: Effect, cohort: boolean, pinned: boolean): Side {
  if (effect === 'write' && facts.writes !== undefined) return facts.writes
  switch (facts.stage) {
    case 'legacy':
    case 'shadow':
      return 'legacy'
    case 'canary':
      return cohort && !pinned ? 'extracted' : 'legacy'
    case 'extracted':
    case 'retired':
      return 'extracted'
    default: {
      const never: never = facts.stage
      return never
    }
  }
}

/** The side that copies of a read go to, in the stages that compare. */
export function mirrorSide(stage: Stage, served: Side): Side | undefined {
  if (stage !== 'shadow' && stage !== 'canary') return undefined
  return otherSide(served)
}

export function otherSide(side: Side): Side {
  return side === 'legacy' ? 'extracted' : 'legacy'
}
