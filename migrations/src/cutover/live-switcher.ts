import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { liftAutoIncrement } from '../cdc/auto-increment.ts'
import { revokeDrop } from '../cdc/drop-right.ts'
import { type Fence, lowerFence, raiseFence } from '../cdc/fence.ts'
import { fencedTables, fenceScopes } from '../cdc/fence-scope.ts'
import { writeSignal } from '../cdc/signal-table.ts'
import { mdlBarrier, readPosition } from '../cdc/write-barrier.ts'
import { connectToolkit, type Database } from '../data/database.ts'
import { type CapabilityState, opposite, type Side } from '../journal/capability-state.ts'
import type { Run } from '../journal/journal.ts'
import { type SupervisedSync, syncDirection } from '../operator/supervise-sync.ts'
import type { Plan } from '../plan/plan.ts'
import { type HeldProxies, holdProxies } from './hold-proxies.ts'
import type { Order, SwitchParts } from './switch-parts.ts'
import type { Direction, Switcher, Undo } from './switcher.ts'
import { verifyUnverified } from './verify-sides.ts'
import { armGate, disarmGate, setGate } from './write-gate.ts'

/** Whole seconds on the server; every query of the tables queues behind a fence that waits. */
const lockWaitMs = 2_000
const syncWaitMs = 10_000
/** Before the hold ids are lifted far enough that in the window there is nothing left to lift. */
const gapAhead = 10_000
const gapInWindow = 1_000

export type LiveSwitcher = { verbs: Switcher; undo: Undo; held: HeldProxies }

/**
 * The verbs for real. Everything that a rerun needs is in the journal and in the databases; this holds only connections.
 * @param before the capability's state as the run began; after the point of no return, as it is now
 * @param reverseFrom where the way back starts, for a rerun past the point of no return
 */
export function createLiveSwitcher(
  parts: SwitchParts,
  plan: Plan,
  direction: Direction,
  order: Pick<Order, 'by' | 'reason' | 'lease'>,
  run: Run,
  before: CapabilityState,
  reverseFrom?: string,
): LiveSwitcher {
  const { capability } = plan
  const { source, target } = direction
  const { epoch } = run
  const sides = parts.sidesOf(plan)
  const tablesOf = (side: Side) => fencedTables(plan.tables, side)
  const fenceOn = (side: Side): Fence => ({
    capability,
    writtenOn: opposite(side),
    epoch,
    tables: tablesOf(side),
    scopes: fenceScopes(plan.tables, side),
    lockWaitMs,
  })
  const held = holdProxies(parts.proxies, capability, epoch, parts.clock, parts.log)
  let reverse: SupervisedSync | undefined
  let reversePosition = reverseFrom

  const outgoing = (): SupervisedSync => {
    const current = parts.syncs.current(capability)
    if (current?.source === source) return current
    throw new ToolkitError('SYNC_STOPPED', `no sync of ${capability} runs from the ${source} side`, {
      hint: `strangler run ${capability}`,
    })
  }

  /** One table after the other: see `armGate` on why not at once. */
  async function eachTable(
    side: Side,
    act: (database: Database, fence: Fence) => Promise<unknown>,
  ): Promise<void> {
    const fence = fenceOn(side)
    for (const table of fence.tables) await act(sides[side], { ...fence, tables: [table] })
  }

  async function keepFromDropping(side: Side): Promise<void> {
    const connection = await connectToolkit(sides[side])
    try {
      const { notRevoked } = await revokeDrop(connection, sides[side], capability, tablesOf(side))
      if (notRevoked.length > 0)
        parts.log.warn({ capability, side, notRevoked }, 'accounts keep DROP despite the fence')
    } finally {
      connection.destroy()
    }
  }

  const verbs: Switcher = {
    arm: async signal => {
      signal.throwIfAborted()
      // The gate is closed before the fence gives way to it; at no time is the target open.
      const onTarget = async () => {
        await armGate(sides[target], fenceOn(target), true)
        await eachTable(target, lowerFence)
        await keepFromDropping(target)
      }
      const onSource = async () => {
        await armGate(sides[source], fenceOn(source), false)
        await keepFromDropping(source)
      }
      await allEnded([onTarget(), onSource()])
    },
    hold: signal => held.begin(signal),
    drain: signal => held.drained(signal),
    fence: async signal => {
      signal.throwIfAborted()
      await setGate(sides[source], fenceOn(source), true)
    },
    barrier: async signal => {
      signal.throwIfAborted()
      await mdlBarrier(sides[source], tablesOf(source), { lockWaitMs })
    },
    readPosition: async signal => {
      signal.throwIfAborted()
      return readPosition(sides[source])
    },
    writeFenceRow: async signal => {
      signal.throwIfAborted()
      await writeSignal(sides[source], { id: run.id, side: source, capability, kind: 'fence', epoch })
    },
    catchUp: (position, signal) =>
      outgoing().sync.waitUntilApplied({ position, signalId: run.id }, { timeoutMs: syncWaitMs, signal }),
    stopSync: () => outgoing().sync.stop(),
    verifyChanged: async signal => {
      await verifyUnverified(parts, plan, outgoing(), false, signal)
    },
    prepareReverse: async signal => {
      signal.throwIfAborted()
      reversePosition = await readPosition(sides[target])
      reverse = parts.syncs.prepare(plan, target, epoch, true)
      return reversePosition
    },
    liftAutoIncrement: async signal => {
      signal.throwIfAborted()
      await lift(parts, plan, direction, gapInWindow)
    },
    journalOwner: async signal => {
      signal.throwIfAborted()
      await parts.journal.moveOwner(order.lease, run, before, target)
    },
    openTarget: async () => {
      await setGate(sides[target], fenceOn(target), false)
      // A rerun may meet a fence that no gate has replaced.
      if (reverseFrom !== undefined) await lowerFence(sides[target], fenceOn(target))
    },
    flipRoutes: signal =>
      held.changeRoutes(
        { capability, stage: direction.stage, writes: target, epoch },
        order.by,
        order.reason,
        signal,
      ),
    startReverse: async signal => {
      signal.throwIfAborted()
      reverse ??= parts.syncs.prepare(plan, target, epoch)
      await parts.syncs.start(plan, reverse, reversePosition)
    },
    confirmReverse: async signal => {
      const id = `${run.id}-back`
      await writeSignal(sides[target], { id, side: target, capability, kind: 'canary', epoch })
      const current = parts.syncs.current(capability)!
      await current.sync.waitUntilApplied({ signalId: id }, { timeoutMs: syncWaitMs, signal })
    },
    release: signal => held.release(signal),
    disarm: async () => {
      const onSource = async () => {
        await eachTable(source, raiseFence)
        await disarmGate(sides[source], fenceOn(source))
      }
      const onTarget = async () => {
        await disarmGate(sides[target], fenceOn(target))
        await eachTable(target, lowerFence)
      }
      await allEnded([onSource(), onTarget()])
    },
  }

  const undo: Undo = {
    // Nothing of the way back lasts before it starts: its position is only in the journal of this run.
    dropReverse: async () => {
      reverse = undefined
    },
    resumeSync: async () => {
      await parts.syncs.ensure(plan, { ...before, phase: 'syncing' })
    },
    unfence: () => setGate(sides[source], fenceOn(source), false),
    releaseBack: signal => held.release(signal),
    disarmBack: async () => {
      const onSource = async () => {
        await disarmGate(sides[source], fenceOn(source))
        await eachTable(source, lowerFence)
      }
      const onTarget = async () => {
        await eachTable(target, raiseFence)
        await disarmGate(sides[target], fenceOn(target))
      }
      await allEnded([onSource(), onTarget()])
    },
  }
  return { verbs, undo, held }
}

/** As Promise.all, yet nothing is left running behind a failure. */
async function allEnded(works: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(works))
    if (outcome.status === 'rejected') throw outcome.reason
}

/** Lifts the target's ids ahead of the hold. What a run that is taken back leaves of it is a gap between ids. */
export async function liftAhead(
  parts: Pick<SwitchParts, 'sidesOf'>,
  plan: Plan,
  direction: Direction,
): Promise<void> {
  await lift(parts, plan, direction, gapAhead)
}

async function lift(
  parts: Pick<SwitchParts, 'sidesOf'>,
  plan: Plan,
  { source, target }: Direction,
  gap: number,
): Promise<void> {
  const sides = parts.sidesOf(plan)
  await liftAutoIncrement({
    direction: syncDirection(source),
    tables: plan.tables,
    source: sides[source],
    target: sides[target],
    gap,
  })
}

/** Whether the owner is `target` by now, asked until the journal answers; the answer decides between back and forward. */
export async function ownerHasMoved(
  parts: Pick<SwitchParts, 'journal' | 'clock' | 'log'>,
  run: Run,
  target: string,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    signal.throwIfAborted()
    try {
      const state = await parts.journal.state(run.capability)
      return state.owner === target && state.epoch === run.epoch
    } catch (error) {
      if (isToolkitError(error)) throw error
      parts.log.error({ capability: run.capability, error: messageOf(error) }, 'the journal does not answer')
      await parts.clock.sleep(250, signal)
    }
  }
}
