import type { Database } from '../data/database.ts'
import type { Transaction } from './change.ts'

/**
 * A stream of committed transactions in commit order.
 * Implementations deliver each transaction at least once after `from`, never out of order, never with a change
 * missing, and read no further ahead than a bounded number of rows. They do not reconnect: they throw, and the reader
 * begins again from its own checkpoint.
 */
export type ChangeSource = {
  /**
   * @param from GTID position after which to begin
   * @param signal ends the iteration without an error
   * @param cursor of the last applied transaction, where the source gave one: it spares the way up to `from`
   * @throws ToolkitError SOURCE_LOST (transient) or one that needs a person: SOURCE_POSITION_PURGED,
   * SOURCE_POSITION_UNKNOWN, SOURCE_TRUNCATED, SOURCE_SCHEMA_CHANGED, SOURCE_ROW_IMAGE, SOURCE_STATEMENT, SOURCE_XA
   */
  read(from: string, signal: AbortSignal, cursor?: string): AsyncIterable<Transaction>
}

/** Columns to carry, by schema and table. */
export type CapturedColumns = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

/** @param stream names who reads, the same at each start */
export type OpenSource = (database: Database, captured: CapturedColumns, stream: string) => ChangeSource
