import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Database } from '../data/database.ts'

export type LongTransaction = { connectionId: number; user: string; ageMs: number }

/**
 * Waits until no transaction that has written one of the tables is open: `LOCK TABLES … READ`, twice.
 * @throws ToolkitError BARRIER_TIMEOUT with the transactions in the way
 */
export async function mdlBarrier(
  _database: Database,
  _tables: readonly string[],
  _limits: { lockWaitMs: number },
): Promise<void> {
  throw new ToolkitError('NOT_YET', 'mdlBarrier is being written')
}

/** Open transactions of others on that server, older than `olderThanMs`. */
export async function longTransactions(
  _database: Database,
  _olderThanMs: number,
): Promise<LongTransaction[]> {
  throw new ToolkitError('NOT_YET', 'longTransactions is being written')
}

/** GTID position of the server: everything committed so far. Take it after the barrier, never before. */
export async function readPosition(_database: Database): Promise<string> {
  throw new ToolkitError('NOT_YET', 'readPosition is being written')
}
