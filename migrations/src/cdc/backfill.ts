import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Database } from '../data/database.ts'
import type { Direction, TableMapping } from '../data/table-mapping.ts'

export type BackfillOptions = {
  capability: string
  direction: Direction
  tables: readonly TableMapping[]
  source: Database
  target: Database
  epoch: number
  log: Log
  clock: Clock
  signal: AbortSignal
  onProgress(progress: BackfillProgress): void
}

export type BackfillProgress = {
  /** Source table being copied. */
  table: string
  done: number
  /** The server's estimate over all tables: it may be off. */
  total: number
  rowsPerSecond: number
  etaMs: number
}

export type BackfillResult = {
  /** Where the sync must start: `createSync(…).start(position)`. */
  position: string
  rows: number
  ms: number
  /** True when every table had been copied by an earlier call. */
  alreadyDone: boolean
}

/**
 * Copies every row of the tables at an exact position of the source while it is being written, without locks.
 * Resumes an interrupted copy of the same capability and direction; a finished one is not repeated.
 * @throws ToolkitError TARGET_NOT_EMPTY (no copy of ours has begun, yet rows are there), EPOCH_STALE, BACKFILL_FAILED;
 * the signal's reason
 */
export async function backfill(_options: BackfillOptions): Promise<BackfillResult> {
  throw new ToolkitError('NOT_YET', 'backfill is being written')
}

/** Removes what a backfill copied (children first) and its record, so that it can begin anew. */
export async function clearBackfill(
  _options: Pick<BackfillOptions, 'capability' | 'direction' | 'tables' | 'target' | 'epoch' | 'signal'>,
): Promise<void> {
  throw new ToolkitError('NOT_YET', 'clearBackfill is being written')
}
