import type { Plan, StepSpec } from '../plan/plan.ts'
import { backfillStep } from './backfill-step.ts'
import { compareGateStep } from './compare-gate-step.ts'
import { cutoverStep } from './cutover-step.ts'
import { drillStep } from './drill-step.ts'
import { stageStep } from './stage-step.ts'
import type { Step } from './step.ts'
import { syncStep } from './sync-step.ts'
import { verifyStep } from './verify-step.ts'
import { writersStep } from './writers-step.ts'

/** The steps of a plan, in its order. */
export function stepsOf(plan: Plan): Step[] {
  return plan.steps.map(stepFor)
}

function stepFor(spec: StepSpec): Step {
  switch (spec.kind) {
    case 'backfill':
      return backfillStep
    case 'sync':
      return syncStep
    case 'verify':
      return verifyStep
    case 'writers':
      return writersStep(spec)
    case 'stage':
      return stageStep(spec)
    case 'compare-gate':
      return compareGateStep(spec)
    case 'drill':
      return drillStep(spec)
    case 'cutover':
      return cutoverStep
  }
}
