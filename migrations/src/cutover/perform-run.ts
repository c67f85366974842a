import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Run } from '../journal/journal.ts'
import { type moveWriteOwner, rollForward } from './cutover.ts'
import { createJournaled, type Journaled, type VerbTime } from './journaled-verbs.ts'
import { type LiveSwitcher, ownerHasMoved } from './live-switcher.ts'
import type { Order, SwitchParts } from './switch-parts.ts'
import {
  type Direction,
  type HeldWrites,
  type SwitchVerb,
  switchVerbs,
  type UndoVerb,
  undoOf,
  undoVerbs,
} from './switcher.ts'

/** A run under way: which way, by whom, and the verbs that do it. */
export type Performance = { direction: Direction; order: Order; run: Run; live: LiveSwitcher }

/** What a run needs of the engine: its verbs bring the rest. */
export type RunParts = Pick<SwitchParts, 'journal' | 'clock' | 'log'>

/** What came of a cutover or rollback. `hold` is the worst of the proxies. */
export type SwitchResult = {
  capability: string
  action: Direction['action']
  owner: string
  stage: string
  epoch: number
  ms: number
  hold: { p50Ms: number; p99Ms: number; maxMs: number; released: number; expired: number }
  reversible: boolean
  alarms: readonly string[]
  steps: readonly VerbTime[]
}

const windowMs = 30_000
const undoMs = 15_000
const reverseMs = 5_000
const persistMs = 20_000
const deadlines: Partial<Record<SwitchVerb, number>> = {
  arm: 12_000,
  hold: 3_000,
  drain: 10_000,
  fence: 12_000,
  barrier: 8_000,
  readPosition: 3_000,
  writeFenceRow: 3_000,
  catchUp: 10_000,
  stopSync: 5_000,
  verifyChanged: 10_000,
  prepareReverse: 5_000,
  liftAutoIncrement: 5_000,
  journalOwner: 5_000,
}

/**
 * Carries out a run with the given verbs: journaled, within its window, reverted or carried forward as the journal says.
 * @param move all of it, or only what comes after the point of no return
 * @throws ToolkitError what made it turn back, REVERT_INCOMPLETE, SWITCH_UNFINISHED, LEASE_LOST
 */
export async function performRun(
  parts: RunParts,
  { direction, order, run, live }: Performance,
  move: typeof moveWriteOwner | typeof rollForward,
): Promise<SwitchResult> {
  const began = parts.clock.elapsed()
  const alarms: string[] = []
  let phase: 'switching' | 'switched' = move === rollForward ? 'switched' : 'switching'
  const journaled = journal(parts, order, run, () => phase)
  const window = AbortSignal.any([AbortSignal.timeout(windowMs), order.signal, live.held.lost])
  const verbs = journaled.wrap(live.verbs, switchVerbs)
  const switched = await move(
    {
      ...verbs,
      journalOwner: async signal => {
        await verbs.journalOwner(signal)
        phase = 'switched'
      },
      openTarget: signal => persist(parts, run, () => verbs.openTarget(signal), signal),
      disarm: signal => persist(parts, run, () => verbs.disarm(signal), signal),
    },
    {
      window,
      // An engine that is asked to stop ends what it cannot take back.
      forward: order.lease.lost,
      ownerMoved: async () => {
        if (!journaled.begun().includes('journalOwner')) return false
        const moved = await ownerHasMoved(parts, run, direction.target, order.lease.lost)
        if (moved) phase = 'switched'
        return moved
      },
      revert: async failure => {
        order.onProgress({ step: 'revert', message: messageOf(failure) })
        await takeBack(parts, order, run, journaled, live, undoing(journaled.begun()))
      },
      reverseWithin: () => AbortSignal.timeout(reverseMs),
      alarm: message => {
        alarms.push(message)
        parts.log.error({ capability: run.capability, run: run.id }, message)
      },
    },
  )
  const ms = parts.clock.elapsed() - began
  await end(parts, order, run, journaled, switched.reversible ? 'syncing' : 'irreversible')
  return {
    capability: run.capability,
    action: direction.action,
    owner: direction.target,
    stage: direction.stage,
    epoch: run.epoch,
    ms: tenths(ms),
    hold: worst(switched.held),
    reversible: switched.reversible,
    alarms,
    steps: journaled.times(),
  }
}

/** Takes back whatever an interrupted run may have left: every undo is safe where there is nothing to undo. */
export async function takeBackAll(parts: RunParts, { order, run, live }: Omit<Performance, 'direction'>) {
  const journaled = journal(parts, order, run, () => 'switching')
  await takeBack(parts, order, run, journaled, live, undoVerbs)
}

/** What was begun, newest first, each with what takes it away. */
function undoing(begun: readonly string[]): UndoVerb[] {
  return [...begun].reverse().flatMap(verb => undoOf[verb as SwitchVerb] ?? [])
}

async function takeBack(
  parts: RunParts,
  order: Order,
  run: Run,
  journaled: Journaled,
  live: LiveSwitcher,
  verbs: readonly UndoVerb[],
): Promise<void> {
  if (order.lease.lost.aborted) throw order.lease.lost.reason
  const undo = journaled.wrap(live.undo, undoVerbs, true)
  const failures: string[] = []
  for (const verb of verbs) {
    try {
      // A deadline of its own: what made the run fail must not stop its revert.
      await undo[verb](AbortSignal.timeout(undoMs))
    } catch (error) {
      failures.push(`${verb}: ${messageOf(error)}`)
      parts.log.error(
        { capability: run.capability, run: run.id, verb, error: messageOf(error) },
        'not taken back',
      )
    }
  }
  if (failures.length > 0)
    throw new ToolkitError('REVERT_INCOMPLETE', `${run.action} was not taken back: ${failures.join('; ')}`, {
      details: { run: run.id, failures },
      hint: `the engine tries again by itself; or: strangler run ${run.capability}`,
    })
  await end(parts, order, run, journaled, 'syncing')
}

/** Past the point of no return a verb that fails is tried again; what still fails is left to the rerun. */
async function persist(
  parts: RunParts,
  run: Run,
  verb: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const began = parts.clock.elapsed()
  for (let pause = 50; ; pause = Math.min(pause * 2, 1_000)) {
    try {
      return await verb()
    } catch (error) {
      signal.throwIfAborted()
      if (isToolkitError(error, 'LEASE_LOST')) throw error
      if (parts.clock.elapsed() - began > persistMs)
        throw new ToolkitError(
          'SWITCH_UNFINISHED',
          `${run.action} has passed the point of no return, yet is not finished`,
          {
            details: { run: run.id, epoch: run.epoch, failure: messageOf(error) },
            hint: `the engine finishes it by itself; or: strangler run ${run.capability}`,
            cause: error,
          },
        )
      await parts.clock.sleep(pause, signal)
    }
  }
}

async function end(
  parts: RunParts,
  order: Order,
  run: Run,
  journaled: Journaled,
  phase: 'syncing' | 'irreversible',
): Promise<void> {
  await journaled.flush()
  order.failPoint(`${run.action}.finish.before`)
  await parts.journal.finish(order.lease, run, phase)
  order.failPoint(`${run.action}.finish.after`)
}

function journal(parts: RunParts, order: Order, run: Run, phase: () => 'switching' | 'switched'): Journaled {
  return createJournaled({
    action: run.action,
    record: entries => parts.journal.record(order.lease, run, phase(), entries),
    failPoint: order.failPoint,
    deadlines,
    elapsed: () => parts.clock.elapsed(),
    onProgress: verb => order.onProgress({ step: run.action, message: verb }),
  })
}

function worst(held: readonly HeldWrites[]): SwitchResult['hold'] {
  const most = (pick: (writes: HeldWrites) => number) => tenths(Math.max(0, ...held.map(pick)))
  const sum = (pick: (writes: HeldWrites) => number) =>
    held.reduce((total, writes) => total + pick(writes), 0)
  return {
    p50Ms: most(writes => writes.p50Ms),
    p99Ms: most(writes => writes.p99Ms),
    maxMs: most(writes => writes.maxMs),
    released: sum(writes => writes.released),
    expired: sum(writes => writes.expired),
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
