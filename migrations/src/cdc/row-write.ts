import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Key, keyIn, keyOf, keyText } from '../data/row-key.ts'
import { identifier, literal, qualified, tuple } from '../data/sql-text.ts'
import type { DirectedMapping, Row } from '../data/table-mapping.ts'
import { hasIntegerKey, type TableShape } from '../data/table-shape.ts'
import type { Change } from './change.ts'

/** A table that is written, with its mapping. */
export type TargetTable = {
  mapping: DirectedMapping
  /** `` `schema`.`table` ``. */
  name: string
  shape: TableShape
}

/** What a change does to the target. */
export type RowWrite = {
  table: TargetTable
  /** Null: the row goes. */
  row: Row | null
  /** Whether the source inserted it. */
  created: boolean
  key: Key
  /** The row's key before, where the change gave it another. */
  previousKey: Key | null
  /** Key of the source's row before the change, and after it. */
  sourceKey: Key
  newSourceKey: Key
}

/** Statements stay well below max_allowed_packet, and below what one lock wait should hold. */
const maxStatementLength = 1_000_000
const maxStatementRows = 2_000

/**
 * @throws ToolkitError MAPPING_INCOMPLETE when the mapping leaves a column out; whatever the mapping throws
 */
export function rowWrite(table: TargetTable, change: Change): RowWrite {
  const { from, to, map } = table.mapping
  const sourceKey = keyOf(change.before ?? change.after!, from.key)
  const previous = () => keyOf(mapped(map(change.before!), table), to.key)
  if (change.after === null)
    return {
      table,
      row: null,
      created: false,
      key: previous(),
      previousKey: null,
      sourceKey,
      newSourceKey: sourceKey,
    }
  const row = mapped(map(change.after), table)
  const newSourceKey = keyOf(change.after, from.key)
  return {
    table,
    row,
    created: change.before === null,
    key: keyOf(row, to.key),
    previousKey: keyText(sourceKey) === keyText(newSourceKey) ? null : previous(),
    sourceKey,
    newSourceKey,
  }
}

/** The mapped row, refused when a column is missing: it would silently become something else. */
export function mapped(row: Row, table: Pick<TargetTable, 'mapping'>): Row {
  for (const column of table.mapping.to.columns)
    if (row[column] === undefined)
      throw new ToolkitError(
        'MAPPING_INCOMPLETE',
        `the mapping to ${table.mapping.to.table} gave no ${column}`,
      )
  return row
}

/**
 * Whether the last state of each row may stand for all its changes in a batch: keys are integers (equal when their text
 * is), and no other unique index can make the order of rows matter.
 */
export function allowsCoalescing(tables: Iterable<TargetTable>): boolean {
  for (const { shape } of tables) if (shape.hasOtherUniqueIndex || !hasIntegerKey(shape)) return false
  return true
}

/** Upserts of the last states, parents first, then deletes, children first. `tables` has parents first. */
export function coalesced(writes: readonly RowWrite[], tables: readonly TargetTable[]): string[] {
  const upserts = new Map<TargetTable, Map<string, Row>>(tables.map(table => [table, new Map()]))
  const deletes = new Map<TargetTable, Map<string, Key>>(tables.map(table => [table, new Map()]))
  const remove = (table: TargetTable, key: Key) => {
    upserts.get(table)!.delete(keyText(key))
    deletes.get(table)!.set(keyText(key), key)
  }
  for (const { table, row, key, previousKey } of writes) {
    if (previousKey !== null) remove(table, previousKey)
    if (row === null) remove(table, key)
    else {
      deletes.get(table)!.delete(keyText(key))
      upserts.get(table)!.set(keyText(key), row)
    }
  }
  return [
    ...tables.flatMap(table => upsertStatements(table, [...upserts.get(table)!.values()])),
    ...tables.toReversed().flatMap(table => deleteStatements(table, [...deletes.get(table)!.values()])),
  ]
}

/**
 * Each change in its order over rows that may already be newer (foreign keys must not be checked): a row that is in the
 * way on any unique index is removed, since its own later change will bring it back.
 */
export function replayed(writes: readonly RowWrite[]): string[] {
  const statements: string[] = []
  let run: { table: TargetTable; rows: Row[] } | undefined
  const flush = () => {
    if (run !== undefined) statements.push(...insertStatements('REPLACE INTO', run.table, run.rows, ''))
    run = undefined
  }
  for (const { table, row, key, previousKey } of writes) {
    if (previousKey !== null || row === null || run?.table !== table) flush()
    if (previousKey !== null) statements.push(...deleteStatements(table, [previousKey]))
    if (row === null) statements.push(...deleteStatements(table, [key]))
    else {
      run ??= { table, rows: [] }
      run.rows.push(row)
    }
  }
  flush()
  return statements
}

export function upsertStatements(table: TargetTable, rows: readonly Row[]): string[] {
  const updates = table.mapping.to.columns.map(
    column => `${identifier(column)}=VALUES(${identifier(column)})`,
  )
  return insertStatements('INSERT INTO', table, rows, ` ON DUPLICATE KEY UPDATE ${updates.join(',')}`)
}

export function deleteStatements(table: TargetTable, keys: readonly Key[]): string[] {
  const statements: string[] = []
  for (let at = 0; at < keys.length; at += maxStatementRows)
    statements.push(
      `DELETE FROM ${table.name} WHERE ${keyIn(table.mapping.to.key, keys.slice(at, at + maxStatementRows))}`,
    )
  return statements
}

/** `REPLACE` or `INSERT` of many rows, cut at a bounded length. */
export function insertStatements(
  verb: 'INSERT INTO' | 'REPLACE INTO',
  table: TargetTable,
  rows: readonly Row[],
  suffix: string,
): string[] {
  const { columns } = table.mapping.to
  const head = `${verb} ${table.name} (${columns.map(identifier).join(',')}) VALUES `
  const statements: string[] = []
  let body = ''
  let count = 0
  for (const row of rows) {
    body += count === 0 ? tuple(row, columns) : `,${tuple(row, columns)}`
    if (++count >= maxStatementRows || body.length >= maxStatementLength) {
      statements.push(head + body + suffix)
      body = ''
      count = 0
    }
  }
  if (count > 0) statements.push(head + body + suffix)
  return statements
}

/** The row under its previous key gets every column anew, its key too. */
export function updateStatement({ table, row, key, previousKey }: RowWrite): string {
  const { columns, key: keyColumns } = table.mapping.to
  const sets = columns.map(column => `${identifier(column)}=${literal(row![column]!)}`)
  return `UPDATE ${table.name} SET ${sets.join(',')} WHERE ${keyIn(keyColumns, [previousKey ?? key])}`
}

export function targetTable(mapping: DirectedMapping, shape: TableShape): TargetTable {
  return { mapping, shape, name: qualified(shape.schema, shape.table) }
}
