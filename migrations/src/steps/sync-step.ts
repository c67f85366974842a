import { syncGate } from '../cutover/gates.ts'
import { copyAll } from './backfill-step.ts'
import type { Step } from './step.ts'

const catchUpMs = 120_000
const pollMs = 200

/** Keeps the extracted side up with legacy from the copy's position on. */
export const syncStep: Step = {
  name: 'sync',
  kind: 'sync',
  description:
    'Apply every change of legacy on the extracted side, and wait until the lag is within its gate.',
  reaches: undefined,
  resumable: true,
  done: async ({ parts, plan }) =>
    syncGate(parts.syncs.current(plan.capability)?.sync.status(), plan.capability, plan.gates).length === 0,
  validate: async () => [],
  apply: async context => {
    const { parts, plan, order } = context
    const before = await parts.journal.state(plan.capability)
    // Before the first cutover the copy names the position; later each switch has left a checkpoint.
    const from = before.epoch === 1 ? (await copyAll(context)).position : undefined
    await parts.journal.movePhase(order.lease, ['copying'], 'syncing')
    const state = await parts.journal.state(plan.capability)
    const running = await parts.syncs.ensure(plan, state, from)
    const began = parts.clock.elapsed()
    for (;;) {
      const status = running!.sync.status()
      if (syncGate(status, plan.capability, plan.gates).length === 0) return { lagMs: status.lagMs }
      if (!status.running || parts.clock.elapsed() - began > catchUpMs) return { lagMs: status.lagMs }
      order.onProgress({
        step: 'sync',
        message: `${status.positionsBehind} transactions behind, lag ${status.lagMs} ms`,
      })
      await parts.clock.sleep(pollMs, order.signal)
    }
  },
  verify: async ({ parts, plan }) =>
    syncGate(parts.syncs.current(plan.capability)?.sync.status(), plan.capability, plan.gates),
  revert: async ({ parts, plan }) => {
    await parts.syncs.stop(plan.capability)
  },
}
