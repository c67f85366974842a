import { comparison } from '../cutover/preflight.ts'
import { routedAs } from '../operator/proxies.ts'
import type { StepSpec } from '../plan/plan.ts'
import { hasReached } from './stage-step.ts'
import type { Step } from './step.ts'

const pollMs = 500

/** Lets the plan go on only when enough compared reads agree. */
export function compareGateStep(spec: StepSpec & { kind: 'compare-gate' }): Step {
  return {
    name: 'compare-gate',
    kind: 'compare-gate',
    description: 'Go on only when enough compared reads agree.',
    reaches: undefined,
    resumable: true,
    done: async ({ parts, plan, signal }) =>
      hasReached((await routedAs(parts.proxies, plan.capability, signal)).stage, 'canary'),
    validate: async ({ parts, plan, signal }) =>
      (await comparison(parts, plan, signal)).filter(({ code }) => code === 'COMPARISON_FAILED'),
    apply: async ({ parts, plan, order }) => {
      const began = parts.clock.elapsed()
      for (;;) {
        const [refusal] = await comparison(parts, plan, order.signal)
        const waited = parts.clock.elapsed() - began
        if (refusal?.code !== 'COMPARISON_INSUFFICIENT' || waited > spec.waitSeconds * 1_000) return {}
        order.onProgress({
          step: 'compare-gate',
          message: refusal.message,
          done: Number(refusal.details.samples),
          total: plan.gates.minSamples,
        })
        await parts.clock.sleep(pollMs, order.signal)
      }
    },
    verify: ({ parts, plan, order }) => comparison(parts, plan, order.signal),
    // A gate changes nothing.
    revert: async () => {},
  }
}
