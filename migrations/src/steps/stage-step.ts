import { dependenciesMoved } from '../cutover/dependencies.ts'
import { refuse } from '../cutover/refusal.ts'
import { changeRoutes, routedAs } from '../operator/proxies.ts'
import type { Stage } from '../operator/proxy-admin.ts'
import { type StepSpec, stepName } from '../plan/plan.ts'
import type { Step, StepView } from './step.ts'

const order: readonly Stage[] = ['legacy', 'shadow', 'canary', 'extracted', 'retired']

/** Whether a capability in `stage` has come at least as far as `wanted`. */
export function hasReached(stage: Stage, wanted: Stage): boolean {
  return order.indexOf(stage) >= order.indexOf(wanted)
}

/** Lets the routes serve another stage; legacy keeps the writes. */
export function stageStep(spec: StepSpec & { kind: 'stage' }): Step {
  const percent = spec.stage === 'canary' ? spec.percent : undefined
  const isThere = async ({ parts, plan, signal }: StepView) => {
    const routed = await routedAs(parts.proxies, plan.capability, signal)
    if (routed.stage !== spec.stage) return hasReached(routed.stage, spec.stage)
    return percent === undefined || routed.percent >= percent
  }
  /** What was served before `apply`, for `revert`. */
  let before: { stage: Stage; percent: number } | undefined
  return {
    name: stepName(spec),
    kind: 'stage',
    description:
      spec.stage === 'shadow'
        ? 'Copy reads to the extracted side and compare the answers; clients see legacy alone.'
        : spec.stage === 'extracted'
          ? 'Serve everything from the extracted side; nothing has to be moved.'
          : `Serve the reads of ${percent} % of the callers from the extracted side; legacy keeps the writes.`,
    reaches: spec.stage,
    resumable: false,
    done: isThere,
    validate: async ({ parts, plan, signal }) =>
      spec.stage === 'extracted' ? dependenciesMoved(parts, plan, signal) : [],
    apply: async ({ parts, plan, order: { by, reason, signal } }) => {
      const { stage, percent: served } = await routedAs(parts.proxies, plan.capability, signal)
      before = { stage, percent: served }
      const change = {
        capability: plan.capability,
        stage: spec.stage,
        ...(percent === undefined ? {} : { percent }),
      }
      return { generations: await changeRoutes(parts.proxies, [change], by, reason, signal) }
    },
    verify: async ({ parts, plan, order: { signal } }) =>
      (await isThere({ parts, plan, signal }))
        ? []
        : refuse('STAGE_NOT_SERVED', `${plan.capability} is not served in stage ${spec.stage} everywhere`),
    revert: async ({ parts, plan, order: { by, signal } }) => {
      if (before === undefined) return
      const change = { capability: plan.capability, ...before }
      await changeRoutes(parts.proxies, [change], by, `${stepName(spec)} was reverted`, signal)
    },
  }
}
