import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { writeSignal } from '../cdc/signal-table.ts'
import { type CapabilityState, isInterrupted } from '../journal/capability-state.ts'
import type { RecordedEntry, Run } from '../journal/journal.ts'
import { changeRoutes } from '../operator/proxies.ts'
import type { RouteChange, Stage } from '../operator/proxy-admin.ts'
import type { Plan } from '../plan/plan.ts'
import { finishBack, finishForward } from './switch-owner.ts'
import type { Order, SwitchParts } from './switch-parts.ts'
import { cutoverDirection, type Direction, rollbackDirection } from './switcher.ts'

export type Recovered = 'nothing' | 'finished' | 'reverted' | 'reversible again'

/**
 * Finishes or reverts what a killed engine left behind, by the journal alone. Repeating it is fine.
 * @throws what still stands in the way; the journal is then as before
 */
export async function recover(parts: SwitchParts, plan: Plan, order: Order): Promise<Recovered> {
  const state = await parts.journal.state(plan.capability)
  if (isInterrupted(state)) return resumeRun(parts, plan, order, state)
  if (state.phase === 'irreversible') return openWayBackAgain(parts, plan, order, state)
  return 'nothing'
}

async function resumeRun(
  parts: SwitchParts,
  plan: Plan,
  order: Order,
  state: CapabilityState,
): Promise<Recovered> {
  const entries = await parts.journal.entries(plan.capability, state.run!)
  const run = runOf(state, entries)
  const direction = directionOf(run)
  order.onProgress({ step: 'recover', message: `${run.action} was interrupted in phase ${state.phase}` })
  if (state.phase === 'switched') {
    await finishForward(parts, plan, direction, order, run, state, reverseFrom(entries))
    return 'finished'
  }
  await parts.syncs.ensure(plan, { ...state, phase: 'syncing' })
  await finishBack(parts, plan, direction, order, run, state)
  return 'reverted'
}

/** Past a switch that had no way back: the sync is started again, and its canary decides. */
async function openWayBackAgain(
  parts: SwitchParts,
  plan: Plan,
  order: Order,
  state: CapabilityState,
): Promise<Recovered> {
  const entries = await parts.journal.entries(plan.capability, state.run!)
  const run = runOf(state, entries)
  const current = await parts.syncs.ensure(plan, { ...state, phase: 'syncing' }, reverseFrom(entries))
  const id = `${run.id}-again`
  const { owner: side, epoch } = state
  await writeSignal(parts.sidesOf(plan)[side], {
    id,
    side,
    capability: plan.capability,
    kind: 'canary',
    epoch,
  })
  await current!.sync.waitUntilApplied({ signalId: id }, { timeoutMs: 10_000, signal: order.signal })
  await parts.journal.finish(order.lease, run, 'syncing')
  return 'reversible again'
}

/**
 * The proxies follow the journal: a proxy that came back with routes of an earlier epoch is given the present ones.
 * Nothing is sent while a run is under way.
 */
export async function reconcileRoutes(parts: SwitchParts, plan: Plan, by: string): Promise<void> {
  const state = await parts.journal.state(plan.capability)
  if (isInterrupted(state) || state.phase === 'planned') return
  const stage: Stage = state.phase === 'retired' ? 'retired' : state.owner
  for (const proxy of parts.proxies) {
    try {
      const status = await proxy.status(AbortSignal.timeout(2_000))
      const routed = status.capabilities.find(({ name }) => name === plan.capability)
      // A crash between the journal and the generation of a retirement left the stage behind.
      const isServed = routed?.writes === state.owner && (stage !== 'retired' || routed.stage === stage)
      if (routed === undefined || isServed) continue
      const moved = routed.writes === state.owner ? {} : { writes: state.owner, epoch: state.epoch }
      const change: RouteChange = { capability: plan.capability, stage, ...moved }
      await changeRoutes([proxy], [change], by, `the journal names ${state.owner} as owner`)
      parts.log.warn(
        { capability: plan.capability, proxy: proxy.url, owner: state.owner },
        'routes corrected',
      )
    } catch (error) {
      parts.log.warn({ proxy: proxy.url, error: messageOf(error) }, 'routes could not be compared')
    }
  }
}

function runOf(state: CapabilityState, entries: readonly RecordedEntry[]): Run {
  const first = entries[0]
  if (first === undefined)
    throw new ToolkitError('JOURNAL_INCOMPLETE', `the journal has no entries of run ${state.run}`, {
      hint: 'the journal was tampered with: see strangler audit',
    })
  const epoch = state.phase === 'switching' ? state.epochSeen : state.epoch
  return {
    id: first.run,
    capability: state.capability,
    action: first.action,
    epoch,
    operator: first.operator,
  }
}

function directionOf(run: Run): Direction {
  return run.action === 'rollback' ? rollbackDirection : cutoverDirection
}

/** The position that the way back starts at, as the run read it before the point of no return. */
export function reverseFrom(entries: readonly RecordedEntry[]): string | undefined {
  const read = entries.findLast(({ verb, moment }) => verb === 'prepareReverse' && moment === 'after')
  const position = (read?.details as { result?: unknown } | undefined)?.result
  return typeof position === 'string' ? position : undefined
}
