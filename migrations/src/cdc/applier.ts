import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, ResultSetHeader } from 'mysql2/promise'
import { errorNumber, isTransient } from '../data/database-error.ts'
import { storeAppliedSignals } from './applied-signals.ts'
import type { Change, Transaction } from './change.ts'
import { type CheckpointHolder, lockCheckpoint, moveCheckpoint } from './checkpoint.ts'
import { covers, type GtidPosition, parsePosition } from './gtid-position.ts'
import {
  allowsCoalescing,
  birthStatements,
  coalesced,
  deleteStatements,
  emptiedStatements,
  insertStatements,
  type RowWrite,
  replayed,
  rowWrite,
  type TargetTable,
  updateStatement,
} from './row-write.ts'
import { type SeenSignal, seenSignal } from './signal-table.ts'

/** Thrown where a change cannot be mapped, or the target refuses it for good. */
export class UnappliedChange extends Error {
  /** Null where a whole batch failed: apply its changes one at a time to learn which. */
  readonly change: Change | null

  constructor(change: Change | null, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = 'UnappliedChange'
    this.change = change
  }
}

export type ApplierOptions = {
  connection: Connection
  held: CheckpointHolder
  /** By source `schema.table`. */
  tables: ReadonlyMap<string, readonly TargetTable[]>
  /** All of them in the order of the mappings, parents first. */
  targets: readonly TargetTable[]
  /** `schema.table` of the source's signals. */
  signals: string
  /** Until this position rows in the target may be newer than the changes that come. */
  settledAt: GtidPosition
  /** Whether a row that another capability's sync brings may still come. */
  mayAwaitRow(): boolean
}

export type Applier = {
  /**
   * Applies transactions in one target transaction with the checkpoint, and commits unless the last is a part.
   * @param careful one statement for each change, so that a failure names its change
   * @throws UnappliedChange; ToolkitError SYNC_FENCED; transient errors as they come. The transaction is rolled back.
   */
  apply(
    transactions: readonly Transaction[],
    careful: boolean,
  ): Promise<{ writes: readonly RowWrite[]; signals: readonly SeenSignal[] }>
  /** Rolls back what a part has left open. */
  abandon(): Promise<void>
}

const duplicateKey = 1062
/** The server ends one of those that wait for each other, which is no failure: it is simply done again. */
const deadlock = 1213
const deadlockAttempts = 5

export function createApplier(options: ApplierOptions): Applier {
  const { connection, held, tables, targets, signals, settledAt } = options
  const mayCoalesce = allowsCoalescing(targets)
  let open = false
  let checksForeignKeys = true

  const begin = async () => {
    if (open) return
    await connection.query('START TRANSACTION')
    open = true
    const stored = await lockCheckpoint(connection, held)
    const settled = covers(parsePosition(stored), settledAt)
    if (settled !== checksForeignKeys) {
      await connection.query(`SET foreign_key_checks = ${settled ? 1 : 0}`)
      checksForeignKeys = settled
    }
  }

  const write = async (changes: readonly Change[]): Promise<RowWrite[]> => {
    const writes: RowWrite[] = []
    for (const change of changes) {
      const written = tables.get(tableName(change)) ?? []
      // children of a row that goes, go first
      for (const table of change.after === null ? written.toReversed() : written) {
        const write = rowWrite(table, change)
        if (write !== undefined) writes.push(write)
      }
    }
    if (!checksForeignKeys) for (const statement of replayed(writes)) await connection.query(statement)
    else if (mayCoalesce)
      for (const statement of coalesced(writes, targets)) await connection.query(statement)
    else await writeInOrder(connection, writes)
    return writes
  }

  /** @param culprit the change to blame for a lasting failure, when it is known */
  const writeOrBlame = async (changes: readonly Change[], culprit: Change | null): Promise<RowWrite[]> => {
    try {
      return await write(changes)
    } catch (error) {
      const passes = isToolkitError(error, 'ROW_AWAITED') ? options.mayAwaitRow() : isTransient(error)
      throw passes ? error : new UnappliedChange(culprit, error)
    }
  }

  const abandon = async () => {
    if (!open) return
    open = false
    await connection.query('ROLLBACK')
  }

  const applyOnce: Applier['apply'] = async (transactions, careful) => {
    const changes = transactions.flatMap(transaction => transaction.changes)
    const last = transactions.at(-1)!
    if (changes.length === 0 && !open) return { writes: [], signals: [] }
    try {
      await begin()
      const writes: RowWrite[] = []
      if (careful) for (const change of changes) writes.push(...(await writeOrBlame([change], change)))
      else writes.push(...(await writeOrBlame(changes, null)))
      const seen = changes
        .filter(change => tableName(change) === signals)
        .map(change => seenSignal(change, held.capability))
        .filter(signal => signal !== undefined)
      await storeAppliedSignals(connection, held, seen)
      if (last.complete) {
        await moveCheckpoint(connection, held, last.position, last.cursor)
        await connection.query('COMMIT')
        open = false
      }
      return { writes, signals: seen }
    } catch (error) {
      await abandon().catch(() => {})
      throw error
    }
  }

  return {
    abandon,
    async apply(transactions, careful) {
      // what an earlier part has written is rolled back with it, so only a whole one can be tried again here
      const isWhole = !open
      for (let attempt = 1; ; attempt++) {
        try {
          return await applyOnce(transactions, careful)
        } catch (error) {
          if (!isWhole || attempt === deadlockAttempts || errorNumber(error) !== deadlock) throw error
        }
      }
    },
  }
}

function tableName(change: Change): string {
  return `${change.source.db}.${change.source.table}`
}

/**
 * What the source did, in its order: where another unique index exists an upsert could hit the wrong row, so inserts are
 * inserts and updates are updates. A row that is already there (an insert met again) is updated.
 */
async function writeInOrder(connection: Connection, writes: readonly RowWrite[]): Promise<void> {
  for (let at = 0; at < writes.length; ) {
    const first = writes[at]!
    let end = at + 1
    while (isInsert(first) && writes[end]?.created === true && writes[end]!.table === first.table) end++
    const run = writes.slice(at, end)
    if (!isInsert(first) || run.length === 1 || !(await insertAll(connection, run)))
      for (const write of run) await writeOne(connection, write)
    at = end
  }
}

function isInsert({ created, row, table }: RowWrite): boolean {
  return created && row !== null && !table.columnsOnly && !table.mapping.births
}

/** Answers false when one of the rows was in the way. */
async function insertAll(connection: Connection, run: readonly RowWrite[]): Promise<boolean> {
  const rows = run.map(write => write.row!)
  try {
    for (const statement of insertStatements('INSERT INTO', run[0]!.table, rows, ''))
      await connection.query(statement)
    return true
  } catch (error) {
    if (errorNumber(error) === duplicateKey) return false
    throw error
  }
}

async function writeOne(connection: Connection, write: RowWrite): Promise<void> {
  const { table } = write
  if (table.columnsOnly && write.row === null) {
    for (const statement of emptiedStatements(table, write.key)) await connection.query(statement)
    return
  }
  if (write.row === null) {
    for (const statement of deleteStatements(table, [write.key])) await connection.query(statement)
    return
  }
  if (table.mapping.births && !table.columnsOnly) {
    for (const statement of birthStatements(table, [write.row])) await connection.query(statement)
    return
  }
  const [result] = await connection.query<ResultSetHeader>(updateStatement(write))
  if (result.affectedRows > 0) return
  if (table.columnsOnly)
    throw new ToolkitError('ROW_AWAITED', `${table.name} has no row yet that is to get its columns`, {
      details: { key: write.key.map(String) },
      hint: 'the capability that brings the row is behind: look at its sync',
    })
  for (const statement of insertStatements('INSERT INTO', write.table, [write.row], ''))
    await connection.query(statement)
}
