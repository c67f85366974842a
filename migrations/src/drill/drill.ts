import { randomInt } from 'node:crypto'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { readPosition } from '../cdc/write-barrier.ts'
import type { SwitchResult } from '../cutover/perform-run.ts'
import { preflight } from '../cutover/preflight.ts'
import { switchOwner } from '../cutover/switch-owner.ts'
import type { Order, SwitchParts } from '../cutover/switch-parts.ts'
import { cutoverDirection, rollbackDirection } from '../cutover/switcher.ts'
import { changeRoutes, routedAs } from '../operator/proxies.ts'
import type { Plan } from '../plan/plan.ts'
import { countTokens, findSubjects } from './count-tokens.ts'
import { prove } from './ledger.ts'
import { type Load, startLoad } from './load.ts'
import { storeReport } from './store-report.ts'

export type DrillOptions = { ratePerSecond: number; seconds: number; seed?: number }

export type DrillResult = {
  ok: boolean
  seed: number
  writes: { acknowledged: number; unknown: number; lost: number; duplicated: number }
  requests: { total: number; failed: number }
  hold: { p50Ms: number; p99Ms: number; maxMs: number }
  cutoverMs: number
  rollbackMs: number
  steps: { name: string; ms: number; message: string }[]
  /** What spoke against it, with samples; empty when ok. */
  findings: string[]
}

const settleMs = 30_000
const samples = 5

/**
 * Cuts over and rolls back under a load of its own and proves from its ledger and both databases that nothing was lost.
 * The routes end as they were. The caller has seen the preflight pass.
 * @throws ToolkitError NO_SUBJECTS; what the cutover threw when it was taken back
 */
export async function runDrill(
  parts: SwitchParts,
  plan: Plan,
  order: Order,
  options: DrillOptions,
): Promise<DrillResult> {
  const sides = parts.sidesOf(plan)
  const seed = options.seed ?? randomInt(2 ** 31)
  const prefix = `drill-${parts.clock.now().toString(36)}-${seed}`
  const before = await routedAs(parts.proxies, plan.capability, order.signal)
  const subjects = await findSubjects(sides.legacy, plan.drill.subjects)
  if (subjects.length === 0)
    throw new ToolkitError('NO_SUBJECTS', `the drill of ${plan.capability} finds no row to write to`, {
      hint: `the plan's drill.subjects answers no row`,
    })
  // Stands until the drill has ended in any other way: one that is interrupted has proven nothing.
  await parts.evidence.addDrill(plan.capability, false, {
    ok: false,
    seed,
    steps: [],
    findings: ['the drill was interrupted'],
  })
  const load = startLoad(parts.entryUrl, plan.drill, subjects, { ...options, seed, prefix })
  const told = createTelling(parts, order)
  let cutover: SwitchResult | undefined
  let rollback: SwitchResult | undefined
  try {
    await told('load', 'writes flow, legacy owns them', () => pause(parts, order, options.seconds / 4))
    cutover = await told('cutover', 'owner moved', () => switchOwner(parts, plan, cutoverDirection, order))
    await told('soak', 'the extracted side owns the writes', () => pause(parts, order, options.seconds / 2))
    await told('preflight', 'the way back is open', () => expectWayBack(parts, plan, order))
    rollback = await told('rollback', 'owner moved back', () =>
      switchOwner(parts, plan, rollbackDirection, order),
    )
    await told('load', 'writes flow, legacy owns them', () => pause(parts, order, options.seconds / 4))
  } catch (error) {
    const findings = [messageOf(error)]
    await parts.evidence.addDrill(plan.capability, false, { ok: false, seed, steps: told.steps, findings })
    throw error
  } finally {
    await load.stop()
  }
  if (before.stage !== 'legacy') {
    const { stage, percent } = before
    const change = { capability: plan.capability, stage, percent }
    await changeRoutes(parts.proxies, [change], order.by, 'the drill is over', order.signal)
  }
  const result = await told('proof', 'ledger held against both databases', () =>
    judge(parts, plan, order, load, prefix, seed, cutover, rollback, told.steps),
  )
  await parts.evidence.addDrill(plan.capability, result.ok, result)
  if (parts.reports !== undefined)
    // The evidence is in the journal's database; a full disk must not fail a drill that passed.
    await storeReport(parts.reports, plan.capability, new Date(parts.clock.now()), result).catch(error =>
      parts.log.error({ capability: plan.capability, error: messageOf(error) }, 'no report was written'),
    )
  return result
}

async function judge(
  parts: SwitchParts,
  plan: Plan,
  order: Order,
  load: Load,
  prefix: string,
  seed: number,
  cutover: SwitchResult,
  rollback: SwitchResult,
  steps: DrillResult['steps'],
): Promise<DrillResult> {
  const sides = parts.sidesOf(plan)
  const { sync } = parts.syncs.current(plan.capability)!
  const position = await readPosition(sides.legacy)
  await sync.waitUntilApplied({ position }, { timeoutMs: settleMs, signal: order.signal })
  const [legacy, extracted] = await Promise.all([
    countTokens(sides.legacy, plan.drill.count.legacy, prefix),
    countTokens(sides.extracted, plan.drill.count.extracted, prefix),
  ])
  const proof = prove(load.ledger.outcomes(), { legacy, extracted })
  const { total, failed, failures } = load.requests()
  const alarms = [...cutover.alarms, ...rollback.alarms]
  const findings = [
    ...proof.lost.slice(0, samples).map(token => `lost: ${token}`),
    ...proof.duplicated.slice(0, samples).map(token => `duplicated: ${token}`),
    ...proof.apart.slice(0, samples).map(token => `on one side only: ${token}`),
    ...failures.map(failure => `failed: ${failure}`),
    ...alarms,
    ...(proof.acknowledged === 0 ? ['no write was acknowledged: nothing was proven'] : []),
  ]
  const most = (key: 'p50Ms' | 'p99Ms' | 'maxMs') => Math.max(cutover.hold[key], rollback.hold[key])
  return {
    ok: findings.length === 0 && failed === 0,
    seed,
    writes: {
      acknowledged: proof.acknowledged,
      unknown: proof.unknown,
      lost: proof.lost.length,
      duplicated: proof.duplicated.length,
    },
    requests: { total, failed },
    hold: { p50Ms: most('p50Ms'), p99Ms: most('p99Ms'), maxMs: most('maxMs') },
    cutoverMs: cutover.ms,
    rollbackMs: rollback.ms,
    steps,
    findings,
  }
}

/** Once the service has owned the writes, the way back is proven anew before it is taken. */
async function expectWayBack(parts: SwitchParts, plan: Plan, order: Order): Promise<void> {
  const refusals = await preflight(parts, plan, rollbackDirection, 'rollback', order.signal)
  if (refusals.length === 0) return
  throw new ToolkitError(
    'DRILL_STUCK',
    `the drill cannot roll back: ${refusals.map(({ message }) => message).join('; ')}`,
    {
      details: { refusals },
      hint: `the extracted side owns the writes; when this is mended: strangler rollback ${plan.capability}`,
    },
  )
}

function createTelling(parts: SwitchParts, order: Order) {
  const steps: DrillResult['steps'] = []
  const tell = async <T>(name: string, message: string, work: () => Promise<T>): Promise<T> => {
    const began = parts.clock.elapsed()
    order.onProgress({ step: 'drill', message: name })
    const add = (outcome: string) =>
      steps.push({ name, ms: Math.round(parts.clock.elapsed() - began), message: outcome })
    try {
      const result = await work()
      add(message)
      return result
    } catch (error) {
      add(messageOf(error))
      throw error
    }
  }
  return Object.assign(tell, { steps })
}

function pause(parts: SwitchParts, order: Order, seconds: number): Promise<void> {
  return parts.clock.sleep(seconds * 1_000, order.signal)
}
