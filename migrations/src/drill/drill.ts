import { randomInt } from 'node:crypto'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { readPosition } from '../cdc/write-barrier.ts'
import { preflight } from '../cutover/preflight.ts'
import type { Order, SwitchParts } from '../cutover/switch-parts.ts'
import { cutoverDirection, rollbackDirection } from '../cutover/switcher.ts'
import { changeRoutes, routedAs } from '../operator/proxies.ts'
import type { DrillLoad, Plan } from '../plan/plan.ts'
import { countTokens, findPlaces, findSubjects } from './count-tokens.ts'
import { type DrillCurves, type DrillSample, watchCurves } from './drill-curves.ts'
import { type DrillFault, planFault } from './drill-fault.ts'
import { type DrillMove, moveInDrill } from './drill-move.ts'
import { prove } from './ledger.ts'
import { type Load, startLoad } from './load.ts'
import { proveOrder } from './order-proof.ts'
import { storeReport } from './store-report.ts'

/** @property fault `NAME` or `NAME@POINT`: what is done to the system meanwhile */
export type DrillOptions = { ratePerSecond: number; seconds: number; seed?: number; fault?: string }

export type DrillResult = {
  ok: boolean
  seed: number
  writes: {
    acknowledged: number
    unknown: number
    /** Of the unknown ones: found in both databases after all. */
    unknownApplied: number
    lost: number
    duplicated: number
  }
  /** Writes held against an earlier one of the same key; null where the plan cannot tell. */
  order: { checked: number; broken: number } | null
  /** Reads held against what their caller had written and seen; null where the plan has none. */
  reads: { total: number; stale: number } | null
  requests: { total: number; failed: number }
  hold: { p50Ms: number; p99Ms: number; maxMs: number }
  cutoverMs: number
  rollbackMs: number
  /** Over the time of the load, for the report. */
  samples: readonly DrillSample[]
  /** What was done to the system, in words. */
  fault: { name: string; point: string; outcome: string } | null
  steps: { name: string; ms: number; message: string }[]
  /** What spoke against it, with samples; empty when ok. */
  findings: string[]
}

const settleMs = 30_000
const samples = 5

/** A drill under way, as its phases share it. */
type Drill = {
  parts: SwitchParts
  plan: Plan
  planned: DrillLoad
  order: Order
  load: Load
  prefix: string
  seed: number
  fault: DrillFault
  curves: DrillCurves
  steps: DrillResult['steps']
}

/**
 * Cuts over and rolls back under a load of its own and proves from its ledger and both databases that nothing was lost.
 * The routes end as they were. The caller has seen the preflight pass.
 * @throws ToolkitError NO_SUBJECTS, FAULTS_OFF, FAULT_UNKNOWN; what the cutover threw when it was taken back
 */
export async function runDrill(
  parts: SwitchParts,
  plan: Plan,
  order: Order,
  options: DrillOptions,
): Promise<DrillResult> {
  const { drill: planned } = plan
  if (planned === undefined)
    throw new ToolkitError('PLAN_WITHOUT_DRILL', `the plan of ${plan.capability} has no writes to drill with`)
  const seed = options.seed ?? randomInt(2 ** 31)
  const prefix = `drill-${parts.clock.now().toString(36)}-${seed}`
  const fault = planFault(parts, plan, options.fault, seed)
  const before = await routedAs(parts.proxies, plan.capability, order.signal)
  const subjects = await findSubjects(parts.sidesOf(plan).legacy, planned.subjects)
  if (subjects.length === 0)
    throw new ToolkitError('NO_SUBJECTS', `the drill of ${plan.capability} finds no row to write to`, {
      hint: `the plan's drill.subjects answers no row`,
    })
  // Stands until the drill has ended in any other way: one that is interrupted has proven nothing.
  await parts.evidence.addDrill(plan.capability, false, {
    ok: false,
    running: true,
    seed,
    steps: [],
    findings: ['the drill was interrupted'],
  })
  const load = startLoad(parts.entryUrl, planned, subjects, { ...options, seed, prefix })
  const told = createTelling(parts, order)
  const curves = watchCurves(parts.clock, () => {
    const status = parts.syncs.current(plan.capability)?.sync.status()
    return { ...load.figures(), lagMs: status?.running === true ? status.lagMs : null }
  })
  const drill: Drill = { parts, plan, planned, order, load, prefix, seed, fault, curves, steps: told.steps }
  let cutover: DrillMove | undefined
  let rollback: DrillMove | undefined
  fault.begin()
  try {
    await told('load', 'writes flow, legacy owns them', () => pause(parts, order, options.seconds / 4))
    cutover = await told('cutover', 'owner moved', () =>
      moveInDrill(parts, plan, cutoverDirection, order, fault),
    )
    fault.ownerMoved()
    await told('soak', 'the extracted side owns the writes', () => pause(parts, order, options.seconds / 2))
    fault.ownerReturns()
    await told('preflight', 'the way back is open', () => expectWayBack(parts, plan, order))
    rollback = await told('rollback', 'owner moved back', () =>
      moveInDrill(parts, plan, rollbackDirection, order, fault),
    )
    await told('load', 'writes flow, legacy owns them', () => pause(parts, order, options.seconds / 4))
  } catch (error) {
    const failure = { ok: false, seed, steps: told.steps, findings: [messageOf(error)] }
    // Where the database is gone too, what was noted as the drill began stands.
    await parts.evidence.addDrill(plan.capability, false, failure).catch(() => {})
    throw error
  } finally {
    await load.stop()
    curves.stop()
    await fault.end()
  }
  if (before.stage !== 'legacy') {
    const { stage, percent } = before
    const change = { capability: plan.capability, stage, percent }
    await changeRoutes(parts.proxies, [change], order.by, 'the drill is over', order.signal)
  }
  const result = await told('proof', 'ledger held against both databases', () =>
    judge(drill, cutover, rollback),
  )
  await parts.evidence.addDrill(plan.capability, result.ok, result)
  if (parts.reports !== undefined)
    // The evidence is in the journal's database; a full disk must not fail a drill that passed.
    await storeReport(parts.reports, plan.capability, new Date(parts.clock.now()), result).catch(error =>
      parts.log.error({ capability: plan.capability, error: messageOf(error) }, 'no report was written'),
    )
  return result
}

async function judge(drill: Drill, cutover: DrillMove, rollback: DrillMove): Promise<DrillResult> {
  const { parts, plan, planned, order, load, prefix, fault } = drill
  const sides = parts.sidesOf(plan)
  const { sync } = parts.syncs.current(plan.capability)!
  const position = await readPosition(sides.legacy)
  await sync.waitUntilApplied({ position }, { timeoutMs: settleMs, signal: order.signal })
  const [legacy, extracted] = await Promise.all([
    countTokens(sides.legacy, planned.count.legacy, prefix),
    countTokens(sides.extracted, planned.count.extracted, prefix),
  ])
  const proof = prove(load.ledger.outcomes(), { legacy, extracted })
  const { broken, checked } = await orderOf(drill)
  const reads = load.reads()
  const { total, failed, failures } = load.requests()
  const some = (what: string, tokens: readonly string[]) =>
    tokens.slice(0, samples).map(token => `${what}: ${token}`)
  const findings = [
    ...some('lost', proof.lost),
    ...some('duplicated', proof.duplicated),
    ...some('on one side only', proof.apart),
    ...some('out of order', broken),
    ...some('stale', reads.stale),
    // A system that is broken on purpose may fail requests; it may not lie about them.
    ...(fault.planned ? [] : failures.map(failure => `failed: ${failure}`)),
    ...fault.findings(),
    ...cutover.alarms,
    ...rollback.alarms,
    ...(proof.acknowledged === 0 ? ['no write was acknowledged: nothing was proven'] : []),
  ]
  const most = (key: 'p50Ms' | 'p99Ms' | 'maxMs') => Math.max(cutover.hold[key], rollback.hold[key])
  return {
    ok: findings.length === 0,
    seed: drill.seed,
    writes: {
      acknowledged: proof.acknowledged,
      unknown: proof.unknown,
      unknownApplied: proof.unknownApplied,
      lost: proof.lost.length,
      duplicated: proof.duplicated.length,
    },
    order: planned.order === undefined ? null : { checked, broken: broken.length },
    reads: planned.read === undefined ? null : { total: reads.total, stale: reads.stale.length },
    requests: { total, failed },
    hold: { p50Ms: most('p50Ms'), p99Ms: most('p99Ms'), maxMs: most('maxMs') },
    cutoverMs: cutover.ms,
    rollbackMs: rollback.ms,
    samples: drill.curves.samples,
    fault: fault.report(),
    steps: drill.steps,
    findings,
  }
}

/** Order is the same on both sides or a side lacks writes, which is found elsewhere; the worse one counts. */
async function orderOf({
  parts,
  plan,
  planned,
  load,
  prefix,
}: Drill): Promise<{ checked: number; broken: string[] }> {
  const { order } = planned
  if (order === undefined) return { checked: 0, broken: [] }
  const sides = parts.sidesOf(plan)
  const proofs = await Promise.all(
    (['legacy', 'extracted'] as const).map(async side =>
      proveOrder(load.ledger.acknowledged(), await findPlaces(sides[side], order[side], prefix)),
    ),
  )
  const broken = [...new Set(proofs.flatMap(proof => proof.broken))]
  return { checked: Math.min(...proofs.map(({ checked }) => checked)), broken }
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
