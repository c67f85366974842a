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
  /** Other columns of its rows are another mapping's or capability's. */
  partial: boolean
  /** Rows are never inserted or deleted here: its columns are written into rows that another one brings. */
  columnsOnly: boolean
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
 * Undefined where the change has no counterpart in that table.
 * @throws ToolkitError MAPPING_INCOMPLETE when the mapping leaves a column out, BIRTH_MOVED; whatever the mapping throws
 */
export function rowWrite(table: TargetTable, change: Change): RowWrite | undefined {
  const { from, to, map, births } = table.mapping
  const sourceKey = keyOf(change.before ?? change.after!, from.key)
  const newSourceKey = keyOf(change.after ?? change.before!, from.key)
  const moved = keyText(sourceKey) !== keyText(newSourceKey)
  if (births && change.before !== null && change.after !== null) {
    if (!moved) return undefined
    throw new ToolkitError('BIRTH_MOVED', `a row of ${from.table} got another key`, {
      hint: `${from.table} carries births only: delete the row and insert it under its new key`,
    })
  }
  const previous = () => {
    const row = mapped(map(change.before!), table)
    return row === null ? null : keyOf(row, to.key)
  }
  const row = change.after === null ? null : mapped(map(change.after), table)
  const previousKey = change.before !== null && (row === null || moved) ? previous() : null
  const key = row === null ? previousKey : keyOf(row, to.key)
  if (key === null) return undefined
  return {
    table,
    row,
    created: change.before === null,
    key,
    previousKey: row === null ? null : previousKey,
    sourceKey,
    newSourceKey,
  }
}

/** The mapped row, refused when a column is missing: it would silently become something else. */
export function mapped(row: Row | null, table: Pick<TargetTable, 'mapping'>): Row | null {
  if (row === null) return null
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
  const written = new Set<string>()
  for (const { name, shape, mapping, columnsOnly } of tables) {
    if (shape.hasOtherUniqueIndex || !hasIntegerKey(shape)) return false
    if (columnsOnly || mapping.births || written.has(name)) return false
    written.add(name)
  }
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
    if (run !== undefined) {
      // a replaced row would lose the columns that are another's
      if (run.table.mapping.births) statements.push(...birthStatements(run.table, run.rows))
      else if (run.table.partial) statements.push(...upsertStatements(run.table, run.rows))
      else statements.push(...insertStatements('REPLACE INTO', run.table, run.rows, ''))
    }
    run = undefined
  }
  for (const write of writes) {
    const { table, row, key, previousKey } = write
    if (table.columnsOnly) {
      flush()
      statements.push(...(row === null ? emptiedStatements(table, key) : [updateStatement(write)]))
      continue
    }
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

/** Rows that are there already stay as they are. */
export function birthStatements(table: TargetTable, rows: readonly Row[]): string[] {
  const key = identifier(table.mapping.to.key[0]!)
  return insertStatements('INSERT INTO', table, rows, ` ON DUPLICATE KEY UPDATE ${key}=${key}`)
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

/** The row under its previous key gets every column anew, its key too; a row that is another's keeps its key. */
export function updateStatement({ table, row, key, previousKey }: RowWrite): string {
  if (table.columnsOnly) return columnsStatement(table, row!)
  const { columns, key: keyColumns } = table.mapping.to
  return `UPDATE ${table.name} SET ${sets(columns, row!)} WHERE ${keyIn(keyColumns, [previousKey ?? key])}`
}

/** Writes into the row of that key, where there is one. */
export function columnsStatement(table: TargetTable, row: Row): string {
  const { columns, key } = table.mapping.to
  const written = columns.filter(column => !key.includes(column))
  return `UPDATE ${table.name} SET ${sets(written, row)} WHERE ${keyIn(key, [keyOf(row, key)])}`
}

/** What is left of a row of columns that went: none of them, where the table lets them be null. */
export function emptiedStatements({ mapping, name, shape }: TargetTable, key: Key): string[] {
  const written = mapping.to.columns.filter(column => !mapping.to.key.includes(column))
  const mayBeNull = (column: string) => shape.columns.find(each => each.name === column)?.nullable === true
  if (!written.every(mayBeNull)) return []
  const nulls = Object.fromEntries(written.map(column => [column, null]))
  return [`UPDATE ${name} SET ${sets(written, nulls)} WHERE ${keyIn(mapping.to.key, [key])}`]
}

function sets(columns: readonly string[], row: Row): string {
  return columns.map(column => `${identifier(column)}=${literal(row[column]!)}`).join(',')
}

export function targetTable(mapping: DirectedMapping, shape: TableShape): TargetTable {
  const partial = shape.columns.some(
    ({ name, generated }) => !generated && !mapping.to.columns.includes(name),
  )
  return {
    mapping,
    shape,
    name: qualified(shape.schema, shape.table),
    partial,
    columnsOnly: partial && mapping.to.rows === 'foreign',
  }
}
