import { drillGate } from '../cutover/gates.ts'
import { preflight } from '../cutover/preflight.ts'
import { cutoverDirection } from '../cutover/switcher.ts'
import { runDrill } from '../drill/drill.ts'
import type { StepSpec } from '../plan/plan.ts'
import type { Step } from './step.ts'

/** Rehearses cutover and rollback, unless that was done within the plan's age. */
export function drillStep(spec: StepSpec & { kind: 'drill' }): Step {
  return {
    name: 'drill',
    kind: 'drill',
    description: `Cut over and roll back under ${spec.ratePerSecond} writes per second of its own, and prove that none was lost.`,
    reaches: undefined,
    resumable: true,
    done: async ({ parts, plan }) => {
      const { owner } = await parts.journal.state(plan.capability)
      if (owner === 'extracted') return true
      const last = await parts.evidence.lastDrill(plan.capability)
      return drillGate(last, plan.capability, plan.gates).length === 0
    },
    validate: ({ parts, plan, signal }) => preflight(parts, plan, cutoverDirection, 'drill', signal),
    apply: ({ parts, plan, order }) => runDrill(parts, plan, order, spec),
    verify: async ({ parts, plan }) =>
      drillGate(await parts.evidence.lastDrill(plan.capability), plan.capability, plan.gates),
    // It ends where it began.
    revert: async () => {},
  }
}
