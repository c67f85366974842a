import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Database } from '../data/database.ts'

export type Fence = {
  capability: string
  /** Who is written instead: goes into the refusal's text. */
  writtenOn: 'legacy' | 'extracted'
  epoch: number
  /** Unqualified tables of the fenced database. */
  tables: readonly string[]
  /** How long each statement may wait for transactions that hold a table; whole seconds on the server, at least 1. */
  lockWaitMs: number
}

export type RaisedFence = {
  /** Accounts that lost DROP (hence TRUNCATE) on the schema until the fence is lowered. */
  revoked: readonly string[]
  /** Accounts that keep it: a global right, or one the toolkit may not take back. */
  notRevoked: readonly string[]
}

export type FenceState = {
  table: string
  /** Null: no fence. */
  epoch: number | null
  /** Whether all three triggers stand, with this epoch. */
  complete: boolean
}

/**
 * Makes every account but the applier's unable to insert, update or delete in the tables; waits for transactions that
 * have touched them. Repeating it is fine; a higher epoch replaces a lower one. On failure nothing new is left standing.
 * @throws ToolkitError FENCE_TIMEOUT (with the transactions in the way), EPOCH_STALE
 */
export async function raiseFence(_database: Database, _fence: Fence): Promise<RaisedFence> {
  throw new ToolkitError('NOT_YET', 'raiseFence is being written')
}

/**
 * Takes the fence away and gives DROP back. Repeating it is fine.
 * @throws ToolkitError EPOCH_STALE when a fence of a higher epoch stands, FENCE_TIMEOUT
 */
export async function lowerFence(
  _database: Database,
  _fence: Pick<Fence, 'capability' | 'epoch' | 'tables' | 'lockWaitMs'>,
): Promise<void> {
  throw new ToolkitError('NOT_YET', 'lowerFence is being written')
}

export async function inspectFence(_database: Database, _tables: readonly string[]): Promise<FenceState[]> {
  throw new ToolkitError('NOT_YET', 'inspectFence is being written')
}
