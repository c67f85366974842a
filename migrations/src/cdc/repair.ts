import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { connectApplier, connectToolkit, schemaOf } from '../data/database.ts'
import { type Key, keyIn, keyOf, valueText } from '../data/row-key.ts'
import { identifier } from '../data/sql-text.ts'
import { carried, type DirectedMapping, directed, mappingName, type Row } from '../data/table-mapping.ts'
import { requireTableShape, selectColumns, type TableShape } from '../data/table-shape.ts'
import type { Suspect } from './compare-rows.ts'
import {
  columnsStatement,
  deleteStatements,
  emptiedStatements,
  mapped,
  type TargetTable,
  targetTable,
  upsertStatements,
} from './row-write.ts'
import { readServerPosition } from './signal-table.ts'
import type { Sync } from './sync.ts'
import { type VerifyOptions, type VerifyResult, verify } from './verify.ts'

export type RepairOptions = Omit<VerifyOptions, 'only' | 'onDifference' | 'sync'> & {
  capability: string
  /** Keeps the target up: a repair waits for it, and never overtakes it. */
  sync: Pick<Sync, 'waitUntilApplied'>
}

export type RepairResult = {
  before: VerifyResult
  repaired: number
  /** What still differs; null where nothing had to be repaired. */
  after: VerifyResult | null
}

type Repaired = { table: TargetTable; shape: TableShape; suspects: Suspect[] }

const waitMs = 30_000
/** A row that is written without pause is left to the sync, which brings it. */
const maxRounds = 20
/** Held in memory; where more differs, a new copy is the repair. */
const mostDifferences = 100_000

/**
 * Verifies, and writes every row that differs anew from the side that owns it, while writes flow.
 *
 * A row is read where it is owned, the sync is waited for, and then, with the checkpoint locked so that no applier writes,
 * it is read again: only a row that stayed the same is written, so what is older never comes over what is newer. Changes
 * after that come by the sync, as ever.
 * @throws what `verify` throws; ToolkitError REPAIR_TOO_MUCH
 */
export async function repair(options: RepairOptions): Promise<RepairResult> {
  const { direction, source, target, capability, signal } = options
  const found = new Map<string, Suspect[]>()
  let count = 0
  const onDifference = ({ name, suspect }: { name: string; suspect: Suspect }) => {
    if (++count <= mostDifferences) found.set(name, [...(found.get(name) ?? []), suspect])
  }
  const before = await verify({ ...options, onDifference })
  if (count === 0) return { before, repaired: 0, after: null }
  if (count > mostDifferences)
    throw new ToolkitError('REPAIR_TOO_MUCH', `${count} rows of ${capability} differ`, {
      details: { differences: count, most: mostDifferences },
      hint: 'copy the tables anew: docs/runbooks/lag-gap-poison.md',
    })
  const reader = await connectToolkit(source)
  const writer = await connectApplier(target, direction).catch(error => {
    reader.destroy()
    throw error
  })
  try {
    const tables: Repaired[] = []
    for (const each of carried(options.tables)) {
      const mapping = directed(each, direction)
      const suspects = found.get(mappingName(mapping))
      if (suspects === undefined) continue
      const shape = await requireTableShape(reader, schemaOf(source), mapping.from.table)
      const to = await requireTableShape(writer, schemaOf(target), mapping.to.table)
      tables.push({ table: targetTable(mapping, to), shape, suspects })
    }
    let repaired = 0
    const write = async ({ table, shape, suspects }: Repaired, rows: 'gone' | 'there') => {
      for (const suspect of suspects) {
        signal.throwIfAborted()
        if (await repairRow({ ...options, reader, writer, table, shape }, suspect, rows)) repaired++
      }
    }
    // children of a row that goes, go first; parents of a row that comes, come first
    for (const table of tables.toReversed()) await write(table, 'gone')
    for (const table of tables) await write(table, 'there')
    return { before, repaired, after: await verify(options) }
  } finally {
    reader.destroy()
    writer.destroy()
  }
}

type RowRepair = RepairOptions & {
  reader: Connection
  writer: Connection
  table: TargetTable
  shape: TableShape
}

/** @returns whether something was written: only rows that are as `rows` says on the owning side */
async function repairRow(repair: RowRepair, suspect: Suspect, rows: 'gone' | 'there'): Promise<boolean> {
  const { reader, writer, table, shape, sync, signal } = repair
  const { mapping } = table
  for (let round = 0; round < maxRounds; round++) {
    const seen = await readOne(reader, shape, mapping, suspect.source)
    const wanted = seen === null ? null : mapped(mapping.map(seen), table)
    if ((wanted === null ? 'gone' : 'there') !== rows) return false
    const position = await readServerPosition(reader)
    await sync.waitUntilApplied({ position }, { timeoutMs: waitMs, signal })
    await writer.query('START TRANSACTION')
    try {
      await lockCheckpointOf(writer, repair)
      const still = await readOne(reader, shape, mapping, suspect.source)
      if (sameRow(seen, still)) {
        for (const statement of statementsFor(table, suspect, wanted)) await writer.query(statement)
        await writer.query('COMMIT')
        return true
      }
    } finally {
      await writer.query('ROLLBACK')
    }
  }
  return false
}

function statementsFor(table: TargetTable, { target }: Suspect, wanted: Row | null): string[] {
  if (wanted === null && target === null) return []
  if (wanted === null)
    return table.columnsOnly ? emptiedStatements(table, target!) : deleteStatements(table, [target!])
  const key = keyOf(wanted, table.mapping.to.key)
  const moved = target !== null && target.some((value, at) => valueText(value) !== valueText(key[at]!))
  const old = moved && !table.columnsOnly ? deleteStatements(table, [target]) : []
  return [
    ...old,
    ...(table.columnsOnly ? [columnsStatement(table, wanted)] : upsertStatements(table, [wanted])),
  ]
}

async function readOne(
  reader: Connection,
  shape: TableShape,
  { from }: DirectedMapping,
  key: Key | null,
): Promise<Row | null> {
  if (key === null) return null
  const [rows] = await reader.query<RowDataPacket[]>(
    `${selectColumns(shape, from.columns)} WHERE ${keyIn(from.key, [key])}`,
  )
  return (rows[0] as Row | undefined) ?? null
}

/** Whoever applies takes this lock first. */
async function lockCheckpointOf(
  writer: Connection,
  { target, capability, direction }: RepairOptions,
): Promise<void> {
  await writer.query(
    `SELECT position FROM ${identifier(target.controlSchema)}.checkpoint WHERE capability = ? AND direction = ? FOR UPDATE`,
    [capability, direction],
  )
}

function sameRow(a: Row | null, b: Row | null): boolean {
  if (a === null || b === null) return a === b
  return Object.keys(a).every(column => valueText(a[column]!) === valueText(b[column]!))
}
