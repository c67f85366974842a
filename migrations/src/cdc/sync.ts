import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Database } from '../data/database.ts'
import type { Direction, SqlValue, TableMapping } from '../data/table-mapping.ts'

export type SyncOptions = {
  capability: string
  direction: Direction
  /** Parents before children. */
  tables: readonly TableMapping[]
  /** Where changes come from: `legacy` when forward. */
  source: Database
  target: Database
  /** Of the write ownership this sync serves. A target that has seen a higher one refuses it. */
  epoch: number
  log: Log
  clock: Clock
}

export type SyncStatus = {
  direction: Direction
  epoch: number
  running: boolean
  /** Applied up to here (GTID position of the source); null before the first start. */
  position: string | null
  /** Age of the newest change known to be applied, by this process's clock through heartbeat rows; whole ms. */
  lagMs: number
  /** Source transactions committed and not yet applied, as of the last heartbeat. */
  positionsBehind: number
  /** Changes applied since the process made this sync. */
  applied: number
  /** Why it stopped, or what it is retrying after (then `running` is true). */
  error: { code: string; message: string } | null
  /** Changes of this capability and direction that could not be applied and wait for a decision. */
  parked: number
}

/** Keys (of the source's tables) changed since an earlier moment. */
export type ChangedKeys = {
  /** False when there were too many to keep, or the sync began again meanwhile: then verify everything. */
  complete: boolean
  /** Every change after this position is in `keys`. */
  since: string
  /** By source table, each key as its values in the mapping's order. */
  keys: ReadonlyMap<string, readonly (readonly SqlValue[])[]>
}

export type Sync = {
  /**
   * Takes over the checkpoint of this capability and direction (an earlier holder is fenced off) and begins to stream;
   * resolves when it runs. A second start of the same epoch resumes at the stored checkpoint, whatever `from` says;
   * the first start of a new epoch begins at `from`.
   * @param from GTID position of the source
   * @throws ToolkitError EPOCH_STALE, CHECKPOINT_MISSING (neither stored nor given), SYNC_RUNNING
   */
  start(from?: string): Promise<void>
  /** Resolves when nothing more will be written to the target. Stopping twice is fine. */
  stop(): Promise<void>
  status(): SyncStatus
  /**
   * Resolves as soon as everything up to `position` has been applied, and the signal row has come through, whichever
   * are given.
   * @throws ToolkitError SYNC_WAIT_TIMEOUT (with position and lag), SYNC_STOPPED; the signal's reason
   */
  waitUntilApplied(
    until: { position?: string; signalId?: string },
    limits: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<void>
  /** Keys changed since the previous call, or since the start. */
  takeChangedKeys(): ChangedKeys
}

/** Sync of one capability in one direction. Nothing runs before `start`. */
export function createSync(_options: SyncOptions): Sync {
  throw new ToolkitError('NOT_YET', 'createSync is being written')
}
