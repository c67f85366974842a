import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { moveWriteOwner } from '../cutover/cutover.ts'
import { createDryRunSwitcher } from '../cutover/dry-run-switcher.ts'
import { splitForced } from '../cutover/forced-gates.ts'
import { phaseGate } from '../cutover/gates.ts'
import { preflight } from '../cutover/preflight.ts'
import { recover } from '../cutover/recover.ts'
import { type Refusal, refuse } from '../cutover/refusal.ts'
import { switchOwner } from '../cutover/switch-owner.ts'
import type { Order, SwitchParts } from '../cutover/switch-parts.ts'
import { cutoverDirection, type Direction, rollbackDirection } from '../cutover/switcher.ts'
import { repairAll, verifyAll } from '../cutover/verify-sides.ts'
import { runDrill } from '../drill/drill.ts'
import type { Plan } from '../plan/plan.ts'
import { runPlan } from '../plan/run-plan.ts'
import { stepsOf } from '../steps/steps-of.ts'
import { findWriters } from '../writers/find-writers.ts'
import { writersGate } from '../writers/writers-gate.ts'
import { changeRoutes, routedAs } from './proxies.ts'
import type { Stage } from './proxy-admin.ts'
import { setStage } from './set-stage.ts'
import type { VerbBody, VerbRequest } from './verb-requests.ts'

/** The document of `--json` and the exit code: 0 done, 1 failed, 3 refused, 4 divergence over the limit. */
export type VerbOutcome = { result: Record<string, unknown>; exit: 0 | 1 | 3 | 4 }

const needsData = new Set<VerbRequest['verb']>(['verify', 'writers', 'cutover', 'rollback', 'drill'])

function withoutData({ capability, data }: Plan): Refusal[] {
  return data === 'none'
    ? refuse(
        'PLAN_WITHOUT_DATA',
        `${capability} has no data of its own: nothing has to be moved`,
        {},
        `strangler stage ${capability} extracted --reason TEXT, and back with legacy`,
      )
    : []
}

/** Carries out one verb of the operator API, under the order's lease. */
export async function carryOut(
  parts: SwitchParts,
  plan: Plan,
  request: VerbRequest,
  order: Order,
): Promise<VerbOutcome> {
  const missing = needsData.has(request.verb) ? withoutData(plan) : []
  if (missing.length > 0) return refused(missing)
  switch (request.verb) {
    case 'stage':
      return setStage(parts, plan, request.body, order)
    case 'run':
      return run(parts, plan, request.body.to, order)
    case 'verify':
      return verifySides(parts, plan, request.body.repair, order)
    case 'writers':
      return writers(parts, plan, request.body.seconds, order)
    case 'cutover':
      return move(parts, plan, cutoverDirection, request.body, order)
    case 'rollback':
      return move(
        parts,
        plan,
        rollbackDirection,
        { ...request.body, force: false, autoRollbackOn: [] },
        order,
      )
    case 'drill':
      return drill(parts, plan, request.body, order)
  }
}

/** A failure as the document that the verb ends with. Who holds the lease is a refusal. */
export function failed(error: unknown): VerbOutcome {
  if (isToolkitError(error, 'LEASE_HELD'))
    return refused(refuse(error.code, error.message, error.details, error.hint))
  if (!isToolkitError(error))
    return {
      result: { code: 'UNEXPECTED', message: messageOf(error), hint: 'the log of the engine says more' },
      exit: 1,
    }
  const { code, message, details, hint } = error
  return {
    result: { code, message, details, ...(hint === undefined ? {} : { hint }) },
    exit: code === 'VERIFY_DIVERGED' ? 4 : 1,
  }
}

export function refused(refusals: readonly Refusal[], more: Record<string, unknown> = {}): VerbOutcome {
  return { result: { ...more, refusals }, exit: 3 }
}

async function run(parts: SwitchParts, plan: Plan, to: Stage, order: Order): Promise<VerbOutcome> {
  const before = await parts.journal.state(plan.capability)
  if (before.phase === 'retired' && to !== 'extracted' && to !== 'retired') return refused(phaseGate(before))
  const report = await runPlan(parts, plan, stepsOf(plan), to, order)
  if (to === 'retired' && report.refusals.length === 0) {
    const { result, exit } = await setStage(parts, plan, { stage: to }, order)
    if (exit !== 0) report.refusals.push(...(result.refusals as Refusal[]))
    else report.steps.push({ name: 'retired', state: 'done', ms: 0, message: 'no way back from here' })
  }
  const routed = await routedAs(parts.proxies, plan.capability, order.signal)
  const { epoch } = await parts.journal.state(plan.capability)
  const { refusals, ...rest } = report
  const result = { ...rest, stage: routed.stage, writes: routed.writes, percent: routed.percent, epoch }
  return refusals.length > 0 ? refused(refusals, result) : { result, exit: 0 }
}

async function verifySides(
  parts: SwitchParts,
  plan: Plan,
  mend: boolean,
  order: Order,
): Promise<VerbOutcome> {
  const state = await parts.journal.state(plan.capability)
  if (state.phase === 'retired') return refused(phaseGate(state))
  const current = parts.syncs.current(plan.capability)
  if (current === undefined)
    return refused(
      refuse(
        'COPY_INCOMPLETE',
        `${plan.capability} is not copied yet`,
        {},
        `strangler run ${plan.capability}`,
      ),
    )
  const look = mend ? repairAll : verifyAll
  const result = await look(parts, plan, current, order.signal, ({ table, rows, total }) =>
    order.onProgress({ step: 'verify', message: table, done: rows, total }),
  )
  return { result: { capability: plan.capability, ...result }, exit: result.ok ? 0 : 4 }
}

/** Found writers are shown whatever the gate says of them; exit 3 when the plan does not answer for all. */
async function writers(parts: SwitchParts, plan: Plan, seconds: number, order: Order): Promise<VerbOutcome> {
  const { owner } = await parts.journal.state(plan.capability)
  if (owner !== 'legacy')
    return refused(
      refuse(
        'WRITERS_NEED_LEGACY',
        `the extracted side owns the writes of ${plan.capability}: the fence refuses all others already`,
        { owner },
      ),
    )
  const found = await findWriters(parts, plan, order, seconds)
  const refusals = writersGate(await parts.evidence.lastWriters(plan.capability), plan)
  return { result: { ...found, refusals }, exit: refusals.length === 0 ? 0 : 3 }
}

async function move(
  parts: SwitchParts,
  plan: Plan,
  direction: Direction,
  { dryRun, force, autoRollbackOn }: Omit<VerbBody<'cutover'>, 'by' | 'reason'>,
  order: Order,
): Promise<VerbOutcome> {
  const { action, source, target, stage } = direction
  if (!dryRun) await recover(parts, plan, order)
  const state = await parts.journal.state(plan.capability)
  if (state.owner === target && state.phase === 'syncing')
    return { result: await unmoved(parts, plan, direction, dryRun, order), exit: 0 }
  const began = parts.clock.elapsed()
  const found = await preflight(parts, plan, direction, action, order.signal)
  const { passed, standing: refusals } = force ? splitForced(found) : { passed: [], standing: found }
  const forced = passed.length === 0 ? {} : { forced: passed }
  if (dryRun) {
    const tables = plan.tables.map(table => table[source].table)
    const dry = createDryRunSwitcher(
      plan.capability,
      direction,
      state.epochSeen + 1,
      parts.proxies.length,
      tables,
    )
    await moveWriteOwner(dry.verbs, neverFailing(order))
    const result = {
      capability: plan.capability,
      action,
      dryRun: true,
      stage,
      steps: dry.sentences(),
      ...forced,
    }
    return refusals.length > 0 ? refused(refusals, result) : { result, exit: 0 }
  }
  if (refusals.length > 0) return refused(refusals)
  // Before the owner moves: an engine that dies meanwhile finds the alarm when it finishes the run.
  if (action === 'cutover') await parts.alarms.set(plan.capability, autoRollbackOn, order.by)
  const result = await switchOwner(parts, plan, direction, order)
  if (action === 'rollback') await parts.alarms.set(plan.capability, [], order.by)
  const totalMs = Math.round((parts.clock.elapsed() - began) * 10) / 10
  return { result: { ...result, totalMs, ...forced }, exit: result.reversible ? 0 : 1 }
}

/** The owner is where it was asked to be: nothing is moved; the stage follows, if a hand has changed it. */
async function unmoved(
  parts: SwitchParts,
  plan: Plan,
  direction: Direction,
  dryRun: boolean,
  order: Order,
): Promise<Record<string, unknown>> {
  const { capability } = plan
  const routed = await routedAs(parts.proxies, capability, order.signal)
  if (!dryRun && direction.target === 'legacy' && routed.stage !== 'legacy')
    await changeRoutes(parts.proxies, [{ capability, stage: 'legacy' }], order.by, order.reason, order.signal)
  const { epoch } = await parts.journal.state(capability)
  return {
    capability,
    action: direction.action,
    owner: direction.target,
    stage: direction.stage,
    epoch,
    ms: 0,
    hold: { p50Ms: 0, p99Ms: 0, maxMs: 0, released: 0, expired: 0 },
    reversible: true,
    alarms: [],
    steps: [],
    ...(dryRun ? { dryRun } : {}),
    message: `${direction.target} owns the writes of ${capability} already`,
  }
}

function neverFailing(order: Order): Parameters<typeof moveWriteOwner>[1] {
  return {
    window: order.signal,
    forward: order.signal,
    revert: async failure => {
      throw failure
    },
    ownerMoved: async () => false,
    reverseWithin: () => order.signal,
    alarm: () => {},
  }
}

async function drill(
  parts: SwitchParts,
  plan: Plan,
  options: VerbBody<'drill'>,
  order: Order,
): Promise<VerbOutcome> {
  if (plan.drill === undefined)
    return refused(
      refuse(
        'PLAN_WITHOUT_DRILL',
        `the plan of ${plan.capability} has no writes to drill with`,
        {},
        'give the plan a drill',
      ),
    )
  await recover(parts, plan, order)
  const state = await parts.journal.state(plan.capability)
  if (state.owner !== 'legacy')
    return refused(
      refuse(
        'DRILL_NEEDS_LEGACY',
        `a drill begins and ends with legacy as owner; ${plan.capability} is owned by the extracted side`,
        { owner: state.owner },
        `strangler rollback ${plan.capability}`,
      ),
    )
  const refusals = await preflight(parts, plan, cutoverDirection, 'drill', order.signal)
  if (refusals.length > 0) return refused(refusals)
  const planned = plan.steps.find(step => step.kind === 'drill')
  const result = await runDrill(parts, plan, order, {
    ratePerSecond: options.rate ?? planned?.ratePerSecond ?? 30,
    seconds: options.seconds ?? planned?.seconds ?? 6,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.fault !== undefined && 'inject' in options.fault ? { fault: options.fault.inject } : {}),
  })
  return { result, exit: result.ok ? 0 : 1 }
}

/** @throws ToolkitError CAPABILITY_UNPLANNED */
export function planOf(plans: ReadonlyMap<string, Plan>, capability: string): Plan {
  const plan = plans.get(capability)
  if (plan !== undefined) return plan
  throw new ToolkitError(
    'CAPABILITY_UNPLANNED',
    `there is no plan of ${JSON.stringify(capability.slice(0, 64))}`,
    {
      details: { plans: [...plans.keys()] },
      hint: 'write migrations/plans/CAPABILITY.ts, then start the engine again',
    },
  )
}
