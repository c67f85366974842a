import { orRefusal, type Refusal } from '../cutover/refusal.ts'
import type { SwitchParts } from '../cutover/switch-parts.ts'
import { routedAs } from '../operator/proxies.ts'
import { stepsOf } from '../steps/steps-of.ts'
import type { Plan } from './plan.ts'

/** The document of `strangler plan CAPABILITY --json`: the steps, how far they are, and what the next would be refused for. */
export async function describePlan(
  parts: SwitchParts,
  plan: Plan,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const view = { parts, plan, signal }
  const state = await parts.journal.state(plan.capability)
  const routed = await routedAs(parts.proxies, plan.capability, signal).catch(() => undefined)
  let next: Refusal[] | undefined
  const steps: Record<string, unknown>[] = []
  for (const { name, kind, description, ...step } of stepsOf(plan)) {
    const done = state.phase === 'retired' || (await step.done(view).catch(() => false))
    const refusals = !done && next === undefined ? await orRefusal(step.validate(view)) : []
    if (!done) next ??= refusals
    const stepState = done ? 'done' : refusals.length > 0 ? 'refused' : 'pending'
    steps.push({ name, kind, state: stepState, description, refusals })
  }
  return {
    capability: plan.capability,
    stage: routed?.stage ?? null,
    writes: state.owner,
    epoch: state.epoch,
    phase: state.phase,
    gates: plan.gates,
    tables: plan.tables.map(({ legacy, extracted }) => ({
      legacy: legacy.table,
      extracted: extracted.table,
    })),
    steps,
    refusals: next ?? [],
  }
}
