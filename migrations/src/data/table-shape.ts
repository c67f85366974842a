import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { identifier, qualified } from './sql-text.ts'

export type ColumnShape = {
  name: string
  /** Lower case, without length: `decimal`, `uuid`, … */
  dataType: string
  /** As declared: `decimal(15,2)`, `int(11) unsigned`. */
  columnType: string
  nullable: boolean
  hasDefault: boolean
  generated: boolean
  autoIncrement: boolean
}

export type TableShape = {
  schema: string
  table: string
  engine: string
  columns: readonly ColumnShape[]
  primaryKey: readonly string[]
  /** Whether some other unique index could make an upsert hit a row of another key. */
  hasOtherUniqueIndex: boolean
  /** The server's guess of the number of rows. */
  estimatedRows: number
}

const integers = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint'])

/** What information_schema says of a table, or undefined where it does not exist for this account. */
export async function readTableShape(
  connection: Connection,
  schema: string,
  table: string,
): Promise<TableShape | undefined> {
  const [tables] = await connection.query<RowDataPacket[]>(
    'SELECT ENGINE engine, TABLE_ROWS estimate FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [schema, table],
  )
  if (tables[0] === undefined) return undefined
  const [columns] = await connection.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME name, DATA_TYPE dataType, COLUMN_TYPE columnType, IS_NULLABLE nullable,
            COLUMN_DEFAULT fallback, EXTRA extra, GENERATION_EXPRESSION expression
       FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
    [schema, table],
  )
  const [indexes] = await connection.query<RowDataPacket[]>(
    `SELECT INDEX_NAME name, COLUMN_NAME columnName FROM information_schema.STATISTICS
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
    [schema, table],
  )
  return {
    schema,
    table,
    engine: tables[0].engine ?? '',
    estimatedRows: Number(tables[0].estimate ?? 0),
    columns: columns.map(column => ({
      name: column.name,
      dataType: column.dataType.toLowerCase(),
      columnType: column.columnType,
      nullable: column.nullable === 'YES',
      hasDefault:
        column.fallback !== null || column.nullable === 'YES' || /auto_increment/i.test(column.extra),
      generated: column.expression !== null && column.expression !== '',
      autoIncrement: /auto_increment/i.test(column.extra),
    })),
    primaryKey: indexes.filter(index => index.name === 'PRIMARY').map(index => index.columnName),
    hasOtherUniqueIndex: indexes.some(index => index.name !== 'PRIMARY'),
  }
}

/** @throws ToolkitError TABLE_MISSING */
export async function requireTableShape(
  connection: Connection,
  schema: string,
  table: string,
): Promise<TableShape> {
  const shape = await readTableShape(connection, schema, table)
  if (shape !== undefined) return shape
  throw new ToolkitError('TABLE_MISSING', `there is no table ${schema}.${table}`, {
    hint: 'let its owner create it first, or grant the toolkit accounts SELECT on it',
  })
}

/** Whether keys of that table are equal only when their text is: no collation, no padding. */
export function hasIntegerKey(shape: TableShape): boolean {
  return shape.primaryKey.every(name => {
    const column = shape.columns.find(candidate => candidate.name === name)
    return column !== undefined && integers.has(column.dataType)
  })
}

/** `SELECT a, b FROM schema.table`, each value exact: the text of a FLOAT has six digits, that of its DOUBLE all. */
export function selectColumns(shape: TableShape, columns: readonly string[]): string {
  const list = columns.map(name => {
    const column = shape.columns.find(candidate => candidate.name === name)
    return column?.dataType === 'float'
      ? `CAST(${identifier(name)} AS DOUBLE) AS ${identifier(name)}`
      : identifier(name)
  })
  return `SELECT ${list.join(', ')} FROM ${qualified(shape.schema, shape.table)}`
}
