import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { SwitchResult } from '../cutover/perform-run.ts'
import { recover } from '../cutover/recover.ts'
import { switchOwner } from '../cutover/switch-owner.ts'
import type { Order, SwitchParts } from '../cutover/switch-parts.ts'
import type { Direction } from '../cutover/switcher.ts'
import { isInterrupted } from '../journal/capability-state.ts'
import type { Plan } from '../plan/plan.ts'
import type { DrillFault } from './drill-fault.ts'

/** A switch of a drill: what is known of it where a fault broke it and the recovery brought it to its end. */
export type DrillMove = Pick<SwitchResult, 'ms' | 'hold' | 'alarms'>

const attempts = 3
const atRestWithinMs = 60_000
const pollMs = 250

/**
 * Moves the owner. Where a fault is planned a switch may be taken back or interrupted: then it is recovered as the engine
 * would, and moved again if it went back.
 * @throws what the switch threw, where no fault explains it; ToolkitError DRILL_NOT_AT_REST
 */
export async function moveInDrill(
  parts: SwitchParts,
  plan: Plan,
  direction: Direction,
  order: Order,
  fault: DrillFault,
): Promise<DrillMove> {
  const began = parts.clock.elapsed()
  const faulty = { ...order, failPoint: fault.at(order.failPoint) }
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await switchOwner(parts, plan, direction, faulty)
      await fault.healed()
      if (fault.planned) await untilAtRest(parts, plan, order)
      return { ...result, alarms: fault.planned ? [] : result.alarms }
    } catch (error) {
      order.signal.throwIfAborted()
      if (!fault.planned || attempt === attempts) throw error
      order.onProgress({ step: 'drill', message: `recovering: ${messageOf(error)}` })
      await fault.healed()
      const owner = await untilAtRest(parts, plan, order)
      if (owner === direction.target)
        return {
          ms: Math.round(parts.clock.elapsed() - began),
          hold: { p50Ms: 0, p99Ms: 0, maxMs: 0, released: 0, expired: 0 },
          alarms: [],
        }
    }
  }
}

/** Recovers until the capability is in sync with an owner again. @returns the owner */
async function untilAtRest(parts: SwitchParts, plan: Plan, order: Order): Promise<string> {
  const began = parts.clock.elapsed()
  for (;;) {
    let why = 'its sync does not run'
    try {
      await recover(parts, plan, order)
      const state = await parts.journal.state(plan.capability)
      await parts.syncs.ensure(plan, state)
      const running = parts.syncs.current(plan.capability)?.sync.status().running === true
      if (!isInterrupted(state) && state.phase === 'syncing' && running) return state.owner
      why = `phase ${state.phase}`
    } catch (error) {
      why = messageOf(error)
    }
    order.signal.throwIfAborted()
    if (parts.clock.elapsed() - began > atRestWithinMs)
      throw new ToolkitError('DRILL_NOT_AT_REST', `${plan.capability} did not come to rest: ${why}`, {
        hint: `strangler run ${plan.capability} finishes or reverts what was begun`,
      })
    await parts.clock.sleep(pollMs, order.signal)
  }
}
