import type { Clock } from '@strangler/kit/clock.ts'
import type { Connection } from 'mysql2/promise'
import { connectToolkit, type Database, schemaOf } from '../data/database.ts'
import { type Key, keyAfter, keyOf, keyText, keyUpTo } from '../data/row-key.ts'
import { identifier } from '../data/sql-text.ts'
import {
  carried,
  type Direction,
  directed,
  mappingName,
  type Row,
  type TableMapping,
} from '../data/table-mapping.ts'
import { requireTableShape, selectColumns, type TableShape } from '../data/table-shape.ts'
import type { ChangedKey, ChangedKeys } from './changed-keys.ts'
import { createRowComparer, type RowComparer, type Suspect } from './compare-rows.ts'
import { createRecheck } from './recheck.ts'
import { readServerPosition } from './signal-table.ts'
import type { Sync } from './sync.ts'

export type VerifyOptions = {
  /** Forward: legacy is the truth. Reverse: extracted is. */
  direction: Direction
  tables: readonly TableMapping[]
  source: Database
  target: Database
  /** The sync that keeps the target up; null when none runs and nobody writes: then nothing is waited for. */
  sync: Pick<Sync, 'waitUntilApplied'> | null
  /** Compare these rows only (of a `takeChangedKeys` that is complete). */
  only?: ChangedKeys
  clock: Clock
  signal: AbortSignal
  /** Compares no faster: for one that runs all the time. Default: as fast as it can. */
  rowsPerSecond?: number
  onProgress?(progress: { table: string; rows: number; total: number }): void
  /** Told of every lasting difference, also beyond the samples. */
  onDifference?(found: { name: string; suspect: Suspect }): void
}

export type TableVerification = {
  /** Source table. */
  table: string
  rows: number
  missing: number
  extra: number
  different: number
}

export type DifferenceSample = {
  table: string
  kind: 'missing' | 'extra' | 'different'
  /** Of the target's table. */
  key: Row
  /** Unequal columns of the target's table; empty unless `different`. */
  columns: readonly string[]
}

export type VerifyResult = {
  ok: boolean
  tables: readonly TableVerification[]
  /** At most 20; names of columns and keys only, no other values. */
  samples: readonly DifferenceSample[]
  ms: number
  /** The source's position when the comparison began: every row was compared at this position or later. */
  position: string
}

const chunkRows = 5_000
/** Suspects are looked at again in groups, so that one wait serves many. */
const suspectGroup = 1_000

/** One table's comparison under way. */
type Comparison = {
  options: VerifyOptions
  from: TableShape
  to: TableShape
  readFrom: Connection
  readTo: Connection
  comparer: RowComparer
  mapping: ReturnType<typeof directed>
  counted(rows: number): void
  suspect(found: readonly Suspect[]): Promise<void>
}

/**
 * Compares both sides row by row through the mapping, as bytes and exact text, while writes flow.
 *
 * The source is walked in the order of its key; its chunk ends bound the ranges in which the target is read. The ranges
 * cover every key whatever the target's collation, and within a range rows meet by their exact key, so the two sides need
 * not sort alike. A row that differs is read again after the sync has applied everything up to then; only lasting
 * differences count. Memory holds two chunks.
 * @throws the signal's reason; what `waitUntilApplied` throws; ToolkitError TABLE_MISSING
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { direction, tables, source, target, clock, signal } = options
  const began = clock.elapsed()
  const readFrom = await connectToolkit(source)
  const readTo = await connectToolkit(target).catch(error => {
    readFrom.destroy()
    throw error
  })
  const cut = () => {
    readFrom.destroy()
    readTo.destroy()
  }
  signal.addEventListener('abort', cut)
  try {
    signal.throwIfAborted()
    const position = await readServerPosition(readFrom)
    const results: TableVerification[] = []
    const samples: DifferenceSample[] = []
    for (const each of carried(tables)) {
      const mapping = directed(each, direction)
      const from = await requireTableShape(readFrom, schemaOf(source), mapping.from.table)
      const to = await requireTableShape(readTo, schemaOf(target), mapping.to.table)
      const result = { table: mapping.from.table, rows: 0, missing: 0, extra: 0, different: 0 }
      const comparer = createRowComparer(each, direction)
      const recheck = createRecheck({ ...options, mapping, comparer, from, to, readFrom, readTo })
      let pending: Suspect[] = []
      const settle = async () => {
        for (const { suspect, ...difference } of await recheck(pending)) {
          result[difference.kind]++
          if (samples.length < 20) samples.push({ table: result.table, ...difference })
          options.onDifference?.({ name: mappingName(mapping), suspect })
        }
        pending = []
      }
      const comparison: Comparison = {
        options,
        from,
        to,
        readFrom,
        readTo,
        comparer,
        mapping,
        counted(rows) {
          result.rows += rows
          options.onProgress?.({ table: result.table, rows: result.rows, total: from.estimatedRows })
        },
        async suspect(found) {
          pending.push(...found)
          if (pending.length >= suspectGroup) await settle()
        },
      }
      if (options.only === undefined) await compareAll(comparison)
      else await compareKeys(comparison, options.only.keys.get(mappingName(mapping)) ?? [])
      await settle()
      results.push(result)
    }
    return {
      ok: results.every(({ missing, extra, different }) => missing + extra + different === 0),
      tables: results,
      samples,
      ms: Math.round(clock.elapsed() - began),
      position,
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', cut)
    cut()
  }
}

async function compareAll(comparison: Comparison): Promise<void> {
  const { mapping, from, readFrom, comparer } = comparison
  const { key, columns } = mapping.from
  const select = selectColumns(from, columns)
  const order = key.map(identifier).join(', ')
  const readAfter = async (last: Key | null) => {
    const where = last === null ? '' : ` WHERE ${keyAfter(key, last)}`
    const [rows] = await readFrom.query(`${select}${where} ORDER BY ${order} LIMIT ${chunkRows}`)
    return rows as Row[]
  }
  const began = comparison.options.clock.elapsed()
  let done = 0
  let chunk = await readAfter(null)
  let after: Key | null = null
  for (;;) {
    comparison.options.signal.throwIfAborted()
    const isLast = chunk.length < chunkRows
    const following = isLast ? Promise.resolve([]) : readAfter(keyOf(chunk.at(-1)!, key))
    // its failure is met below, in order
    following.catch(() => {})
    const expected = new Map<string, { row: Row | undefined; source: Key }>()
    let bound: Key | null = null
    for (const row of chunk) {
      const wanted = comparer.expected(row)
      if (wanted === null) continue
      const source = keyOf(row, key)
      const target = wanted === undefined ? undefined : keyOf(wanted, mapping.to.key)
      expected.set(target === undefined ? `unmapped ${keyText(source)}` : keyText(target), {
        row: wanted,
        source,
      })
      bound = target ?? bound
    }
    // without a bound the rows that should be there are asked for by the next range, those that cannot be mapped at once
    if (isLast || bound !== null) await compareRange(comparison, expected, after, isLast ? null : bound)
    else await comparison.suspect(comparer.suspects(expected, []))
    comparison.counted(chunk.length)
    done += chunk.length
    await keepPace(comparison.options, began, done)
    if (isLast) return
    after = bound ?? after
    chunk = await following
  }
}

async function keepPace(
  { rowsPerSecond, clock, signal }: VerifyOptions,
  began: number,
  rows: number,
): Promise<void> {
  if (rowsPerSecond === undefined) return
  const ahead = (rows / rowsPerSecond) * 1_000 - (clock.elapsed() - began)
  if (ahead > 0) await clock.sleep(ahead, signal)
}

/** Rows of the target behind `after` up to `bound`, page by page: a range may hold far more than it should. */
async function compareRange(
  comparison: Comparison,
  expected: Map<string, { row: Row | undefined; source: Key }>,
  after: Key | null,
  bound: Key | null,
): Promise<void> {
  const { mapping, to, readTo, comparer } = comparison
  const { key, columns } = mapping.to
  const select = selectColumns(to, columns)
  const order = key.map(identifier).join(', ')
  let last = after
  for (;;) {
    const bounds = [
      last === null ? [] : [keyAfter(key, last)],
      bound === null ? [] : [keyUpTo(key, bound)],
    ].flat()
    const where = bounds.length === 0 ? '' : ` WHERE ${bounds.join(' AND ')}`
    const [rows] = await readTo.query(`${select}${where} ORDER BY ${order} LIMIT ${chunkRows}`)
    const page = rows as Row[]
    const isLast = page.length < chunkRows
    const here = new Map<string, { row: Row | undefined; source: Key }>()
    for (const row of page) {
      const text = keyText(keyOf(row, key))
      const entry = expected.get(text)
      if (entry !== undefined) here.set(text, entry)
      expected.delete(text)
    }
    await comparison.suspect(comparer.suspects(here, page))
    if (isLast) break
    last = keyOf(page.at(-1)!, key)
  }
  await comparison.suspect(comparer.suspects(expected, []))
}

async function compareKeys(comparison: Comparison, keys: readonly ChangedKey[]): Promise<void> {
  for (let at = 0; at < keys.length; at += suspectGroup) {
    comparison.options.signal.throwIfAborted()
    const group = keys.slice(at, at + suspectGroup)
    await comparison.suspect(group)
    comparison.counted(group.length)
  }
}
