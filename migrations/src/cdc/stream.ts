import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { connectApplier, type Database, schemaOf } from '../data/database.ts'
import { identifier } from '../data/sql-text.ts'
import { type Direction, directed, type TableMapping } from '../data/table-mapping.ts'
import { requireTableShape } from '../data/table-shape.ts'
import { type Applier, createApplier, UnappliedChange } from './applier.ts'
import { batches } from './batches.ts'
import { openBinlogSource } from './binlog-source.ts'
import type { Transaction } from './change.ts'
import type { OpenSource } from './change-source.ts'
import { type CheckpointHolder, resumeCheckpoint } from './checkpoint.ts'
import { covers, type GtidPosition, mergeLater, parsePosition } from './gtid-position.ts'
import { countParked, parkChange, resolveParked } from './parked-change.ts'
import { readSkipped, withoutSkipped } from './parked-decision.ts'
import { type RowWrite, type TargetTable, targetTable } from './row-write.ts'
import { type SeenSignal, signalColumns, signalTable } from './signal-table.ts'

/** What one commit brought. */
export type Applied = {
  position: string
  writes: readonly RowWrite[]
  signals: readonly SeenSignal[]
  parked: number
}

export type StreamOptions = {
  capability: string
  direction: Direction
  tables: readonly TableMapping[]
  source: Database
  target: Database
  held: CheckpointHolder
  /** Default: the binlog of `source`. */
  openSource?: OpenSource
  onApplied(applied: Applied): void
  /** Something has come, be it a part of a transaction that is far from its end. */
  onHeard?(): void
}

/** What one commit takes at most when behind. */
const maxBatchChanges = 5_000
/** How long a row may be awaited that another capability's sync brings. */
const awaitRowMs = 30_000
/** A transaction of ours that hangs is left to the server after this long. */
const stopWithinMs = 15_000

/** From the source through the mapping into the target: the part of a sync that begins again after a failure. */
export function createStream(options: StreamOptions): { follow(signal: AbortSignal): Promise<void> } {
  const { source, target, held, capability, direction } = options
  const open = options.openSource ?? openBinlogSource
  const changeSource = open(source, capturedColumns(options), `${capability}/${direction}/${target.name}`)
  /** A batch failed without a name: up to this position changes are applied one at a time. */
  let carefulUntil: GtidPosition | undefined
  let awaitedSince: number | undefined

  const followOn = async (connection: Connection, signal: AbortSignal) => {
    const { position: from, cursor } = await resumeCheckpoint(connection, held)
    let parked = await countParked(connection, held)
    const skipped = await readSkipped(connection, held)
    const applier = createApplier({
      connection,
      held,
      ...(await targetTables(connection, options)),
      signals: `${source.controlSchema}.${signalTable}`,
      settledAt: await readSettledAt(connection, held),
      mayAwaitRow: () => awaitedSince === undefined || performance.now() - awaitedSince < awaitRowMs,
    })
    const incoming = batches(
      live => changeSource.read(from, live, cursor),
      () => (carefulUntil === undefined ? maxBatchChanges : 1),
      signal,
    )
    for await (const batch of incoming) {
      if (signal.aborted) break
      options.onHeard?.()
      const { position, complete } = batch.at(-1)!
      const { writes, signals } = await apply(applier, withoutSkipped(batch, skipped), connection)
      if (!complete) continue
      if (carefulUntil !== undefined && covers(parsePosition(position), carefulUntil))
        carefulUntil = undefined
      if (parked > 0 && writes.length > 0) {
        await resolveParked(connection, held)
        parked = 0
      }
      options.onApplied({ position, writes, signals, parked })
    }
    await applier.abandon()
  }

  const apply = async (applier: Applier, batch: readonly Transaction[], connection: Connection) => {
    try {
      const applied = await applier.apply(batch, carefulUntil !== undefined)
      awaitedSince = undefined
      return applied
    } catch (error) {
      if (isToolkitError(error, 'ROW_AWAITED')) awaitedSince ??= performance.now()
      if (!(error instanceof UnappliedChange)) throw error
      if (error.change === null) {
        carefulUntil = parsePosition(batch.at(-1)!.position)
        throw error
      }
      await parkChange(connection, held, error.change, error)
      const { db, table, gtid } = error.change.source
      throw new ToolkitError(
        'CHANGE_PARKED',
        `change ${error.change.order} of ${gtid} on ${db}.${table} cannot be applied: ${error.message}`,
        {
          details: { gtid, order: error.change.order, table },
          hint: 'correct the mapping or the row in the way, then start the sync again: it tries this change first',
          cause: error,
        },
      )
    }
  }

  return {
    /**
     * Streams until the signal, beginning at the stored checkpoint.
     * @throws ToolkitError CHANGE_PARKED, SYNC_FENCED, what the source throws; transient errors as they come
     */
    async follow(signal) {
      while (!signal.aborted) {
        const connection = await connectApplier(target, direction)
        const giveUp = () => setTimeout(() => connection.destroy(), stopWithinMs).unref()
        signal.addEventListener('abort', giveUp, { once: true })
        try {
          await followOn(connection, signal)
          return
        } catch (error) {
          if (!(error instanceof UnappliedChange)) throw error
        } finally {
          signal.removeEventListener('abort', giveUp)
          connection.destroy()
        }
      }
    },
  }
}

function capturedColumns({ tables, direction, source }: StreamOptions) {
  const captured = new Map<string, Map<string, readonly string[]>>()
  const add = (schema: string, table: string, columns: readonly string[]) => {
    const known = captured.get(schema) ?? new Map<string, readonly string[]>()
    captured.set(schema, known.set(table, [...new Set([...(known.get(table) ?? []), ...columns])]))
  }
  add(source.controlSchema, signalTable, signalColumns)
  for (const mapping of tables) {
    const { from } = directed(mapping, direction)
    add(schemaOf(source), from.table, from.columns)
  }
  return captured
}

async function targetTables(
  connection: Connection,
  { tables, direction, source, target }: StreamOptions,
): Promise<{ tables: Map<string, TargetTable[]>; targets: TargetTable[] }> {
  const bySource = new Map<string, TargetTable[]>()
  const targets: TargetTable[] = []
  for (const each of tables) {
    const mapping = directed(each, direction)
    const shape = await requireTableShape(connection, schemaOf(target), mapping.to.table)
    const name = `${schemaOf(source)}.${mapping.from.table}`
    const written = targetTable(mapping, shape)
    bySource.set(name, [...(bySource.get(name) ?? []), written])
    targets.push(written)
  }
  return { tables: bySource, targets }
}

/** The newest snapshot of a copy that took more than one; empty when all rows are of the snapshot the stream begins at. */
async function readSettledAt(connection: Connection, held: CheckpointHolder): Promise<GtidPosition> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT first_position, last_position FROM ${identifier(held.controlSchema)}.backfill
      WHERE capability = ? AND direction = ?`,
    [held.capability, held.direction],
  )
  const positions: string[] = rows.flatMap(row => [row.first_position, row.last_position])
  if (new Set(positions).size <= 1) return new Map()
  return positions.map(parsePosition).reduce(mergeLater)
}
