import { randomUUID } from 'node:crypto'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { rotateBinlog } from '../cdc/write-barrier.ts'
import type { CapabilityState } from '../journal/capability-state.ts'
import type { Run } from '../journal/journal.ts'
import type { Plan } from '../plan/plan.ts'
import { cleanSignals } from './clean-signals.ts'
import { moveWriteOwner, rollForward } from './cutover.ts'
import { createLiveSwitcher, liftAhead } from './live-switcher.ts'
import { performRun, type SwitchResult, takeBackAll } from './perform-run.ts'
import type { Order, SwitchParts } from './switch-parts.ts'
import type { Direction } from './switcher.ts'
import { verifyUnverified } from './verify-sides.ts'

/**
 * A cutover or rollback, journaled; what can be done before the hold is done before the hold.
 * @throws ToolkitError what made it turn back (then nothing has changed), SWITCH_UNFINISHED, REVERT_INCOMPLETE
 */
export async function switchOwner(
  parts: SwitchParts,
  plan: Plan,
  direction: Direction,
  order: Order,
): Promise<SwitchResult> {
  await liftAhead(parts, plan, direction)
  await compareAhead(parts, plan, order)
  await beginSmallBinlog(parts, plan, direction)
  await parts.sources.ready(plan, direction.target, order.signal)
  const before = await parts.journal.state(plan.capability)
  const action = direction.action
  order.failPoint(`${action}.begin.before`)
  const run = await parts.journal.begin(order.lease, { id: randomUUID(), action, operator: order.by })
  order.failPoint(`${action}.begin.after`)
  const live = createLiveSwitcher(parts, plan, direction, order, run, before)
  const result = await performRun(parts, { direction, order, run, live }, moveWriteOwner)
  await cleanSignals(parts.sidesOf(plan), plan.capability).catch(error =>
    parts.log.warn(
      { capability: plan.capability, error: messageOf(error) },
      'old signals were not cleaned up',
    ),
  )
  return result
}

/** Goes on with a run that passed the point of no return. */
export async function finishForward(
  parts: SwitchParts,
  plan: Plan,
  direction: Direction,
  order: Order,
  run: Run,
  state: CapabilityState,
  reverseFrom: string | undefined,
): Promise<SwitchResult> {
  const live = createLiveSwitcher(parts, plan, direction, order, run, state, reverseFrom)
  // The leases of the first attempt may have run out; where a proxy does not answer, the swap waits for it.
  await live.verbs.hold(order.signal).catch(error => {
    parts.log.warn({ capability: plan.capability, error: messageOf(error) }, 'not every proxy holds again')
  })
  return performRun(parts, { direction, order, run, live }, rollForward)
}

/** Takes back a run that did not reach the point of no return. */
export async function finishBack(
  parts: SwitchParts,
  plan: Plan,
  direction: Direction,
  order: Order,
  run: Run,
  state: CapabilityState,
): Promise<void> {
  const live = createLiveSwitcher(parts, plan, direction, order, run, state)
  await takeBackAll(parts, { order, run, live })
}

/**
 * The way back starts while writes are held, and its start scans the target's current binlog file. Where the file cannot
 * be begun anew the hold is only longer.
 */
async function beginSmallBinlog(parts: SwitchParts, plan: Plan, { target }: Direction): Promise<void> {
  await rotateBinlog(parts.sidesOf(plan)[target]).catch(error => {
    parts.log.warn(
      { capability: plan.capability, side: target, error: messageOf(error) },
      'no new binlog file was begun: the way back may take longer to start',
    )
  })
}

/** The rows that changed since the last verification, compared while writes flow: the window sees only the rest. */
async function compareAhead(parts: SwitchParts, plan: Plan, order: Order): Promise<void> {
  const current = parts.syncs.current(plan.capability)
  if (current === undefined) return
  const { rows, complete, ms } = await verifyUnverified(parts, plan, current, true, order.signal)
  // All rows were just found equal: from here on only changes count.
  const what = complete ? 'rows changed since the last verification are equal' : 'rows are equal'
  order.onProgress({ step: 'preflight', message: `${rows} ${what} (${ms} ms)` })
}
