import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { binlogSources, type ChangeSources } from '../cdc/change-sources.ts'
import { createSync, type Sync, type SyncOptions } from '../cdc/sync.ts'
import { createUnverifiedChanges, type UnverifiedChanges } from '../cutover/unverified-changes.ts'
import type { Database } from '../data/database.ts'
import type { Direction as SyncDirection } from '../data/table-mapping.ts'
import { type CapabilityState, opposite, type Side } from '../journal/capability-state.ts'
import type { Plan } from '../plan/plan.ts'

/** Both sides' databases of a capability. */
export type Sides = Readonly<Record<Side, Database>>

/** A sync with the side it reads from, and what it has changed since the sides were last found equal. */
export type SupervisedSync = { source: Side; epoch: number; sync: Sync; unverified: UnverifiedChanges }

/** Which sync runs for each capability: at most one, away from the write owner. */
export type SyncSupervisor = {
  /** The sync of a capability, running or stopped; undefined before the first. */
  current(capability: string): SupervisedSync | undefined
  /** A sync that does not run yet and is not the current one. @param equalAtStart both sides are known to be equal */
  prepare(plan: Plan, source: Side, epoch: number, equalAtStart?: boolean): SupervisedSync
  /** Makes a prepared sync the current one and starts it; the one before must have stopped. */
  start(plan: Plan, prepared: SupervisedSync, from?: string): Promise<void>
  /**
   * Runs the sync that the state asks for, from its stored checkpoint; nothing when it runs already.
   * @param from position for a sync that was never started
   */
  ensure(plan: Plan, state: CapabilityState, from?: string): Promise<SupervisedSync | undefined>
  stop(capability: string): Promise<void>
  close(): Promise<void>
}

/** The sync's word for the direction away from `source`. */
export function syncDirection(source: Side): SyncDirection {
  return source === 'legacy' ? 'forward' : 'reverse'
}

/**
 * @param sources where changes are read from; the binlog by default
 * @param make creates a sync; another one in tests
 */
export function createSyncSupervisor(
  sidesOf: (plan: Plan) => Sides,
  log: Log,
  clock: Clock,
  sources: ChangeSources = binlogSources,
  make: (options: SyncOptions) => Sync = createSync,
): SyncSupervisor {
  const currents = new Map<string, SupervisedSync>()

  function prepare(plan: Plan, source: Side, epoch: number, equalAtStart = false): SupervisedSync {
    const sides = sidesOf(plan)
    const sync = make({
      capability: plan.capability,
      direction: syncDirection(source),
      tables: plan.tables,
      source: sides[source],
      target: sides[opposite(source)],
      epoch,
      openSource: sources.open(plan, source),
      log: log.child({ capability: plan.capability, sync: syncDirection(source) }),
      clock,
    })
    return { source, epoch, sync, unverified: createUnverifiedChanges(sync, equalAtStart) }
  }

  async function start(plan: Plan, prepared: SupervisedSync, from?: string): Promise<void> {
    const before = currents.get(plan.capability)
    if (before !== undefined && before !== prepared && before.sync.status().running)
      throw new ToolkitError(
        'SYNC_RUNNING',
        `the sync of ${plan.capability} still runs from ${before.source}`,
      )
    currents.set(plan.capability, prepared)
    if (!prepared.sync.status().running) await prepared.sync.start(from)
  }

  return {
    current: capability => currents.get(capability),
    prepare,
    start,
    ensure: async (plan, state, from) => {
      if (['planned', 'copying', 'retired'].includes(state.phase)) return undefined
      const current = currents.get(plan.capability)
      const fits = current?.source === state.owner && current.epoch === state.epoch
      if (current !== undefined && fits && current.sync.status().running) return current
      if (current !== undefined && !fits) await current.sync.stop()
      if (current !== undefined && fits && current.sync.status().position !== null) current.unverified.keep()
      const wanted = current !== undefined && fits ? current : prepare(plan, state.owner, state.epoch)
      await start(plan, wanted, from).catch(error => {
        // A second caller may have been quicker.
        if (!isToolkitError(error, 'SYNC_RUNNING') || !wanted.sync.status().running) throw error
      })
      return wanted
    },
    stop: async capability => {
      await currents.get(capability)?.sync.stop()
    },
    close: async () => {
      await Promise.all([...currents.values()].map(({ sync }) => sync.stop()))
    },
  }
}
