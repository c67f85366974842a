import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { preflightDatabases } from '../cdc/preflight-database.ts'
import { longTransactions } from '../cdc/write-barrier.ts'
import type { Side } from '../journal/capability-state.ts'
import { routedAs, sumComparisons } from '../operator/proxies.ts'
import type { Plan } from '../plan/plan.ts'
import { writersGate } from '../writers/writers-gate.ts'
import { dependenciesMoved } from './dependencies.ts'
import { comparisonGate, drillGate, phaseGate, syncGate, transactionGate, verificationGate } from './gates.ts'
import { orRefusal, type Refusal, refuse } from './refusal.ts'
import { roundTrip, wayBackBroken } from './round-trip.ts'
import type { SwitchParts } from './switch-parts.ts'
import type { Direction } from './switcher.ts'

/** What the preflight is for. A drill gates a cutover, not itself; a rollback must not wait for evidence. */
export type Purpose = 'cutover' | 'drill' | 'rollback'

/** Everything that speaks against moving the owner now; nothing is changed. Empty when nothing does. */
export async function preflight(
  parts: SwitchParts,
  plan: Plan,
  direction: Direction,
  purpose: Purpose,
  signal: AbortSignal,
): Promise<Refusal[]> {
  const state = await parts.journal.state(plan.capability)
  const phase = phaseGate(state)
  // Without a copy at rest the other checks would only repeat that.
  if (phase.length > 0) return phase
  const found = await Promise.all(
    [
      databases(parts, plan),
      sync(parts, plan),
      transactions(parts, plan, 'legacy'),
      transactions(parts, plan, 'extracted'),
      routes(parts, plan, direction, signal),
      wayBack(parts, plan, direction.target, signal),
      ...(purpose === 'rollback'
        ? []
        : [
            verification(parts, plan),
            comparison(parts, plan, signal),
            writers(parts, plan),
            dependenciesMoved(parts, plan, signal),
          ]),
      ...(purpose === 'cutover' ? [drill(parts, plan)] : []),
    ].map(orRefusal),
  )
  return found.flat()
}

async function databases(parts: SwitchParts, plan: Plan): Promise<Refusal[]> {
  const { legacy, extracted } = parts.sidesOf(plan)
  const { soakSeconds } = plan.gates
  return preflightDatabases({ tables: plan.tables, legacy, extracted, soakSeconds })
}

async function sync(parts: SwitchParts, plan: Plan): Promise<Refusal[]> {
  return syncGate(parts.syncs.current(plan.capability)?.sync.status(), plan.capability, plan.gates)
}

async function transactions(parts: SwitchParts, plan: Plan, side: Side): Promise<Refusal[]> {
  const found = await longTransactions(parts.sidesOf(plan)[side], plan.gates.maxTransactionMs)
  return transactionGate(side, found, plan.gates)
}

async function routes(
  parts: SwitchParts,
  plan: Plan,
  direction: Direction,
  signal: AbortSignal,
): Promise<Refusal[]> {
  const routed = await routedAs(parts.proxies, plan.capability, signal)
  if (routed.writes !== direction.source)
    return refuse(
      'ROUTES_DISAGREE',
      `strangler.yaml sends writes to the ${routed.writes} side, the journal names ${direction.source}`,
      { routes: routed.writes, journal: direction.source },
    )
  return routed.hold === null
    ? []
    : refuse('ALREADY_HELD', `writes of ${plan.capability} are held under epoch ${routed.hold.epoch}`, {
        ...routed.hold,
      })
}

async function wayBack(parts: SwitchParts, plan: Plan, from: Side, signal: AbortSignal): Promise<Refusal[]> {
  try {
    return await roundTrip(parts, plan, from, signal)
  } catch (error) {
    return wayBackBroken(messageOf(error))
  }
}

async function verification(parts: SwitchParts, plan: Plan): Promise<Refusal[]> {
  return verificationGate(await parts.evidence.lastVerification(plan.capability), plan.capability, plan.gates)
}

/** The verdict on the compared reads, of all proxies together. */
export async function comparison(parts: SwitchParts, plan: Plan, signal: AbortSignal): Promise<Refusal[]> {
  const figures = await Promise.all(parts.proxies.map(proxy => proxy.comparisons(plan.capability, signal)))
  return comparisonGate(sumComparisons(figures), plan.capability, plan.gates)
}

async function writers(parts: SwitchParts, plan: Plan): Promise<Refusal[]> {
  return writersGate(await parts.evidence.lastWriters(plan.capability), plan)
}

async function drill(parts: SwitchParts, plan: Plan): Promise<Refusal[]> {
  return drillGate(await parts.evidence.lastDrill(plan.capability), plan.capability, plan.gates)
}
