import { dependenciesMoved } from '../cutover/dependencies.ts'
import { splitForced } from '../cutover/forced-gates.ts'
import { phaseGate } from '../cutover/gates.ts'
import { type Refusal, refuse } from '../cutover/refusal.ts'
import { retire, retireRefusals } from '../cutover/retire.ts'
import type { Order, SwitchParts } from '../cutover/switch-parts.ts'
import type { CapabilityState } from '../journal/capability-state.ts'
import type { Plan } from '../plan/plan.ts'
import { changeRoutes, routedAs } from './proxies.ts'
import type { Stage } from './proxy-admin.ts'

/**
 * Toggles the stage by hand, as long as the write owner stays where it is; returns when every proxy serves it.
 * The gates of the plan are the operator's to judge here; a side without data is not.
 */
export async function setStage(
  parts: SwitchParts,
  plan: Plan,
  wanted: { stage: Stage; percent?: number; dryRun?: boolean; force?: boolean },
  order: Order,
): Promise<{ result: Record<string, unknown>; exit: 0 | 3 }> {
  const { capability } = plan
  const state = await parts.journal.state(capability)
  const retiring = plan.data !== 'none' && wanted.stage === 'retired'
  const found =
    plan.data === 'none'
      ? await freeStageRefusals(parts, plan, wanted.stage, order)
      : retiring
        ? await retireRefusals(parts, plan, order.signal)
        : stageRefusals(state, wanted.stage)
  const { passed, standing: refusals } =
    wanted.force === true ? splitForced(found) : { passed: [], standing: found }
  if (wanted.dryRun === true) return forecast(parts, wanted, refusals, capability, order)
  if (refusals.length > 0) return { result: { refusals }, exit: 3 }
  if (retiring) {
    const retired = await retire(parts, plan, order)
    const generation = Math.max(...Object.values(retired.generations))
    const forced = passed.length === 0 ? {} : { forced: passed }
    return { result: { ...retired, writes: 'extracted', percent: 0, generation, ...forced }, exit: 0 }
  }
  const change = {
    capability,
    stage: wanted.stage,
    ...(wanted.percent === undefined ? {} : { percent: wanted.percent }),
  }
  const generations = await changeRoutes(parts.proxies, [change], order.by, order.reason, order.signal)
  const { stage, writes, percent } = await routedAs(parts.proxies, capability, order.signal)
  const generation = Math.max(...Object.values(generations))
  return { result: { capability, stage, writes, percent, generation, generations }, exit: 0 }
}

/** What a toggle would change, in words; nothing is changed. */
async function forecast(
  { proxies }: Pick<SwitchParts, 'proxies'>,
  wanted: { stage: Stage; percent?: number },
  refusals: Refusal[],
  capability: string,
  order: Pick<Order, 'signal'>,
): Promise<{ result: Record<string, unknown>; exit: 0 | 3 }> {
  const now = await routedAs(proxies, capability, order.signal)
  const text = ({ stage, percent }: { stage: Stage; percent?: number }) =>
    stage === 'canary' && percent !== undefined ? `canary ${percent} %` : stage
  const steps = [
    `Swap one generation at ${proxies.length === 1 ? 'the proxy' : `all ${proxies.length} proxies`}: ${capability} from ${text(now)} to ${text({ percent: now.percent, ...wanted })}.`,
  ]
  const { stage, percent = now.percent } = wanted
  const result = { capability, dryRun: true, stage, percent, writes: now.writes, steps }
  return refusals.length > 0 ? { result: { ...result, refusals }, exit: 3 } : { result, exit: 0 }
}

/** Where nothing is moved only what it depends on is asked for. */
async function freeStageRefusals(
  parts: Pick<SwitchParts, 'proxies'>,
  plan: Plan,
  stage: Stage,
  { signal }: Pick<Order, 'signal'>,
): Promise<Refusal[]> {
  return stage === 'extracted' || stage === 'retired' ? dependenciesMoved(parts, plan, signal) : []
}

/** What a toggle may not do: serve from a side without data, or pretend that the owner has moved. */
export function stageRefusals(state: CapabilityState, stage: Stage): Refusal[] {
  const { capability, owner, phase } = state
  if (phase === 'retired') return phaseGate(state)
  if (stage === 'extracted')
    return owner === 'extracted'
      ? []
      : refuse(
          'STAGE_NEEDS_CUTOVER',
          `legacy owns the writes of ${capability}; only a cutover moves them`,
          { owner },
          `strangler cutover ${capability}`,
        )
  if (owner === 'extracted')
    return refuse(
      'STAGE_NEEDS_ROLLBACK',
      `the extracted side owns the writes of ${capability}; only a rollback moves them`,
      { owner },
      `strangler rollback ${capability}`,
    )
  return stage === 'legacy' ? [] : phaseGate(state)
}
