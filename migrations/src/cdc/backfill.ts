import { randomUUID } from 'node:crypto'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection } from 'mysql2/promise'
import { connectApplier, connectToolkit, type Database, schemaOf } from '../data/database.ts'
import { isTransient } from '../data/database-error.ts'
import { keyAfter, keyIn, keyOf } from '../data/row-key.ts'
import { identifier, qualified } from '../data/sql-text.ts'
import {
  carried,
  type DirectedMapping,
  type Direction,
  directed,
  mappingName,
  type Row,
  type TableMapping,
} from '../data/table-mapping.ts'
import { requireTableShape, selectColumns, type TableShape } from '../data/table-shape.ts'
import {
  type BackfillRecord,
  clearRecords,
  finishTable,
  lockRecord,
  moveRecord,
  readRecords,
  takeRecords,
} from './backfill-record.ts'
import { formatPosition, mergeEarlier, parsePosition } from './gtid-position.ts'
import {
  columnsStatement,
  insertStatements,
  mapped,
  type TargetTable,
  targetTable,
  upsertStatements,
} from './row-write.ts'
import { beginSnapshot } from './snapshot.ts'
import { createThrottle, defaultMaxThreadsRunning, threadsRunning } from './throttle.ts'

export type BackfillOptions = {
  capability: string
  direction: Direction
  /** Parents before children. */
  tables: readonly TableMapping[]
  source: Database
  target: Database
  epoch: number
  log: Log
  clock: Clock
  signal: AbortSignal
  /** Reading pauses while more statements than this are at work on the source. Default 25. */
  maxThreadsRunning?: number
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

/** Rows read and written at a time; one target transaction with the resume token. */
const chunkRows = 5_000

type Copy = BackfillOptions & {
  reader: Connection
  writer: Connection
  holder: string
  /** Position of the snapshot that is being read. */
  snapshot: string
  count(rows: number, table: string): void
  /** Waits while the source is busy. */
  room(): Promise<void>
}

/**
 * Copies every row of the tables at an exact position of the source while it is being written, without locks.
 *
 * All chunks of one run are read in one snapshot, so they are one state, and the stream begins at its position. A run
 * that is interrupted loses its snapshot: the next one goes on behind the last key with a snapshot of its own, and the
 * stream begins at the first. Changes between the two then meet rows that are newer; each carries the whole row and comes
 * in order, so every row ends in its last state. Until the stream is past the last snapshot such rows may contradict
 * foreign keys and unique indexes for a moment, therefore sync replays with the former off and removes what is in the
 * way (`replayed`); a chunk of a later snapshot does the same.
 *
 * A finished copy is not repeated.
 * @throws ToolkitError TARGET_NOT_EMPTY (rows are there that no copy of ours has written), BACKFILL_FENCED (another run
 * took over), BACKFILL_INTERRUPTED (transient: call again), BACKFILL_FAILED, EPOCH_STALE; the signal's reason
 */
export async function backfill(options: BackfillOptions): Promise<BackfillResult> {
  const { source, target, direction, tables, signal, clock } = options
  const began = clock.elapsed()
  const mappings = carried(tables).map(mapping => directed(mapping, direction))
  const nameOf = recordNames(mappings)
  const reader = await connectToolkit(source)
  const writer = await connectApplier(target, direction).catch(error => {
    reader.destroy()
    throw error
  })
  const cut = () => {
    reader.destroy()
    writer.destroy()
  }
  signal.addEventListener('abort', cut)
  try {
    signal.throwIfAborted()
    const known = await readRecords(writer, options)
    if (mappings.every(mapping => known.get(nameOf(mapping))?.finished === true))
      return { position: streamFrom([...known.values()]), rows: 0, ms: 0, alreadyDone: true }

    const shapes = new Map<string, TableShape>()
    for (const mapping of mappings) {
      const { from, to } = mapping
      shapes.set(from.table, await requireTableShape(reader, schemaOf(source), from.table))
      shapes.set(to.table, await requireTableShape(writer, schemaOf(target), to.table))
      if (!known.has(nameOf(mapping)) && to.rows !== 'foreign') await requireEmpty(writer, target, to.table)
    }
    const snapshot = await beginSnapshot(reader)
    const holder = randomUUID()
    const names = mappings.map(nameOf)
    await takeRecords(writer, options, names, holder, snapshot)
    await writer.query('SET foreign_key_checks = 0')
    const records = await readRecords(writer, options)

    const total = mappings.reduce((sum, { from }) => sum + shapes.get(from.table)!.estimatedRows, 0)
    const earlier = names.reduce((sum, name) => sum + records.get(name)!.rowsDone, 0)
    let rows = 0
    const copy: Copy = {
      ...options,
      reader,
      writer,
      holder,
      snapshot,
      room: createThrottle({
        readLoad: () => threadsRunning(reader),
        maxLoad: options.maxThreadsRunning ?? defaultMaxThreadsRunning,
        clock,
        signal,
        onWait: load => options.log.info({ load }, 'the copy waits: the source is busy'),
      }),
      count(more, table) {
        rows += more
        const rowsPerSecond = Math.round((rows / Math.max(1, clock.elapsed() - began)) * 1_000)
        const left = Math.max(0, total - earlier - rows)
        const etaMs = rowsPerSecond === 0 ? 0 : Math.round((left / rowsPerSecond) * 1_000)
        options.onProgress({ table, done: earlier + rows, total, rowsPerSecond, etaMs })
      },
    }
    for (const mapping of mappings) {
      const record = records.get(nameOf(mapping))!
      if (!record.finished)
        await copyTable(
          copy,
          nameOf(mapping),
          targetTable(mapping, shapes.get(mapping.to.table)!),
          shapes.get(mapping.from.table)!,
          record,
        )
    }
    return {
      position: streamFrom([...(await readRecords(writer, options)).values()]),
      rows,
      ms: Math.round(clock.elapsed() - began),
      alreadyDone: false,
    }
  } catch (error) {
    signal.throwIfAborted()
    if (isToolkitError(error)) throw error
    if (!isTransient(error))
      throw new ToolkitError(
        'BACKFILL_FAILED',
        `the copy of ${options.capability} failed: ${messageOf(error)}`,
        {
          hint: 'correct the mapping or the row, clear what was copied, and copy anew',
          cause: error,
        },
      )
    throw new ToolkitError(
      'BACKFILL_INTERRUPTED',
      `the copy of ${options.capability} was interrupted: ${messageOf(error)}`,
      {
        hint: 'run it again: it goes on behind the last row copied',
        cause: error,
      },
    )
  } finally {
    signal.removeEventListener('abort', cut)
    cut()
  }
}

/** Removes what a backfill copied (children first) and its record, so that it can begin anew. */
export async function clearBackfill(
  options: Pick<BackfillOptions, 'capability' | 'direction' | 'tables' | 'target' | 'epoch' | 'signal'>,
): Promise<void> {
  const { direction, tables, target, signal } = options
  const writer = await connectApplier(target, direction)
  try {
    for (const mapping of carried(tables).toReversed()) {
      const { to } = directed(mapping, direction)
      // what is another's stays: a new copy writes over it
      if (to.rows === 'foreign') continue
      const name = qualified(schemaOf(target), to.table)
      for (;;) {
        signal.throwIfAborted()
        const [rows] = await writer.query(
          `SELECT ${to.key.map(identifier).join(',')} FROM ${name} LIMIT 2000`,
        )
        const keys = (rows as Row[]).map(row => keyOf(row, to.key))
        if (keys.length === 0) break
        await writer.query(`DELETE FROM ${name} WHERE ${keyIn(to.key, keys)}`)
      }
    }
    await clearRecords(writer, options)
  } finally {
    writer.destroy()
  }
}

/** Reads the next chunk while the last one is being written. */
async function copyTable(
  copy: Copy,
  name: string,
  to: TargetTable,
  from: TableShape,
  record: BackfillRecord,
): Promise<void> {
  const { key, columns } = to.mapping.from
  const select = selectColumns(from, columns)
  const order = key.map(identifier).join(', ')
  const readAfter = async (last: BackfillRecord['lastKey']) => {
    await copy.room()
    const where = last === null ? '' : ` WHERE ${keyAfter(key, last)}`
    const [rows] = await copy.reader.query(`${select}${where} ORDER BY ${order} LIMIT ${chunkRows}`)
    return rows as Row[]
  }
  const again = record.firstPosition !== copy.snapshot
  let chunk = await readAfter(record.lastKey)
  while (chunk.length > 0) {
    copy.signal.throwIfAborted()
    const last = keyOf(chunk.at(-1)!, key)
    const written = writeChunk(copy, name, to, chunk, again)
    const [next] = await Promise.all([chunk.length < chunkRows ? [] : readAfter(last), written])
    copy.count(chunk.length, from.table)
    chunk = next
  }
  await finishTable(copy.writer, copy, name, copy.holder)
}

async function writeChunk(
  copy: Copy,
  name: string,
  table: TargetTable,
  chunk: readonly Row[],
  again: boolean,
): Promise<void> {
  const { from, map } = table.mapping
  const rows = chunk.map(row => mapped(map(row), table)).filter(row => row !== null)
  await copy.writer.query('START TRANSACTION')
  await lockRecord(copy.writer, copy, name, copy.holder)
  for (const statement of copyStatements(table, rows, again)) await copy.writer.query(statement)
  await moveRecord(copy.writer, copy, name, {
    lastKey: keyOf(chunk.at(-1)!, from.key),
    rows: chunk.length,
    lastPosition: copy.snapshot,
  })
  await copy.writer.query('COMMIT')
}

/** @param again rows of an earlier snapshot may be there, and hold what a unique index now wants for another row */
function copyStatements(table: TargetTable, rows: readonly Row[], again: boolean): string[] {
  if (table.columnsOnly) return rows.map(row => columnsStatement(table, row))
  // another capability may have brought some of its rows already
  if (table.mapping.to.rows === 'foreign' || (again && table.partial)) return upsertStatements(table, rows)
  return insertStatements(again ? 'REPLACE INTO' : 'INSERT INTO', table, rows, '')
}

/** A table that is copied to several has a record for each. */
function recordNames(mappings: readonly DirectedMapping[]): (mapping: DirectedMapping) => string {
  return mapping => {
    const first = mappings.find(({ from }) => from.table === mapping.from.table)
    return first?.to.table === mapping.to.table ? mapping.from.table : mappingName(mapping)
  }
}

/** The stream must bring everything since the first snapshot of any table. */
function streamFrom(records: readonly BackfillRecord[]): string {
  return formatPosition(records.map(record => parsePosition(record.firstPosition)).reduce(mergeEarlier))
}

async function requireEmpty(connection: Connection, target: Database, table: string): Promise<void> {
  const [rows] = await connection.query(`SELECT 1 FROM ${qualified(schemaOf(target), table)} LIMIT 1`)
  if ((rows as unknown[]).length === 0) return
  throw new ToolkitError(
    'TARGET_NOT_EMPTY',
    `${target.name}.${table} has rows that were not copied by this plan`,
    {
      hint: 'empty the table if those rows are not needed',
    },
  )
}
