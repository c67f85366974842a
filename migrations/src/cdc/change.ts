import type { Row } from '../data/table-mapping.ts'

/** Debezium's `op`: create, update, delete, read (a row of a backfill). */
export type Operation = 'c' | 'u' | 'd' | 'r'

/** Where a change comes from, in the words of Debezium's `source` block; shared by all rows of one event. */
export type ChangeOrigin = {
  db: string
  table: string
  gtid: string
  server_id: number
  /** Commit time as the source's clock has it, whole seconds. */
  ts_ms: number
}

/** One row event. `before` is null for c and r, `after` is null for d; both are whole rows. */
export type Change = {
  op: Operation
  before: Row | null
  after: Row | null
  source: ChangeOrigin
  /** 1-based among the captured changes of its transaction (Debezium's `transaction.total_order`). */
  order: number
}

/**
 * One source transaction, or a part of a big one.
 * A transaction that touches no captured table, or was written by an applier, arrives with no changes: its position counts.
 */
export type Transaction = {
  /** `domain-server-sequence`. */
  gtid: string
  ts_ms: number
  changes: readonly Change[]
  /** False: more changes of this transaction follow, so nothing may be committed yet. */
  complete: boolean
  /** GTID position once this transaction is applied: everything that the source has seen up to here. */
  position: string
  /** The source's own place after this transaction, where it has one besides the position (Kafka's offsets). */
  cursor?: string
}
