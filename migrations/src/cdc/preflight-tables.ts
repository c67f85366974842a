import type { Connection, RowDataPacket } from 'mysql2/promise'
import { type Database, schemaOf } from '../data/database.ts'
import type { MappedTable } from '../data/table-mapping.ts'
import { readTableShape, type TableShape } from '../data/table-shape.ts'
import { unsupportedColumns } from './column-decoder.ts'
import type { DatabaseRefusal } from './preflight-database.ts'

/** Tables against the mapping: all there, with the mapping's key, and writable row by row. */
export async function checkTables(
  connection: Connection,
  database: Database,
  tables: readonly MappedTable[],
): Promise<DatabaseRefusal[]> {
  const refusals: DatabaseRefusal[] = []
  for (const mapped of tables) {
    const shape = await readTableShape(connection, schemaOf(database), mapped.table)
    const where = { database: database.name, table: mapped.table }
    if (shape === undefined)
      refusals.push({
        code: 'TABLE_MISSING',
        message: `${database.name} has no table ${mapped.table}`,
        details: where,
      })
    else
      refusals.push(
        ...checkShape(shape, mapped, columnsOf(mapped.table, tables)).map(({ details, ...rest }) => ({
          ...rest,
          details: { ...where, ...details },
        })),
      )
  }
  return refusals
}

/** Of all mappings of that table: together they bring a row. */
function columnsOf(table: string, tables: readonly MappedTable[]): Set<string> {
  return new Set(tables.filter(each => each.table === table).flatMap(({ columns }) => columns))
}

function checkShape(shape: TableShape, mapped: MappedTable, written: ReadonlySet<string>): DatabaseRefusal[] {
  const { table } = shape
  const refusals: DatabaseRefusal[] = []
  const refuse = (code: string, message: string, details: Record<string, unknown> = {}) =>
    refusals.push({ code, message, details })
  if (shape.engine !== 'InnoDB')
    refuse('TABLE_ENGINE', `${table} is ${shape.engine}: only InnoDB rows commit with their checkpoint`, {
      engine: shape.engine,
    })
  if (shape.primaryKey.length === 0) refuse('PRIMARY_KEY_MISSING', `${table} has no primary key`)
  else if (shape.primaryKey.join() !== mapped.key.join())
    refuse(
      'PRIMARY_KEY_DIFFERS',
      `${table} has the key (${shape.primaryKey.join(', ')}), the mapping says (${mapped.key.join(', ')})`,
      {
        key: shape.primaryKey,
        mapped: mapped.key,
      },
    )
  const known = new Map(shape.columns.map(column => [column.name, column]))
  for (const column of [...mapped.columns, ...(mapped.leaves ?? [])]) {
    if (!known.has(column)) refuse('COLUMN_MISSING', `${table} has no column ${column}`, { column })
    if (known.get(column)?.generated === true)
      refuse('COLUMN_GENERATED', `${table}.${column} is generated: it cannot be written`, { column })
  }
  for (const { name, type } of unsupportedColumns(shape, mapped.columns))
    refuse('COLUMN_TYPE', `${table}.${name} is ${type}, which cannot be copied exactly`, {
      column: name,
      type,
    })
  for (const column of shape.columns)
    if (mapped.rows !== 'foreign' && !written.has(column.name) && !column.hasDefault && !column.generated)
      refuse('COLUMN_UNMAPPED', `${table}.${column.name} is not mapped, yet has no default`, {
        column: column.name,
      })
  return refusals
}

/**
 * Foreign keys that leave the group, and those that change rows by themselves: changes made by a cascade are not in the
 * binlog, and pass the fence.
 */
export async function checkForeignKeys(
  connection: Connection,
  database: Database,
  tables: readonly MappedTable[],
): Promise<DatabaseRefusal[]> {
  const names = tables.map(({ table }) => table)
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT CONSTRAINT_NAME name, CONSTRAINT_SCHEMA childSchema, TABLE_NAME child,
            UNIQUE_CONSTRAINT_SCHEMA parentSchema, REFERENCED_TABLE_NAME parent,
            UPDATE_RULE onUpdate, DELETE_RULE onDelete
       FROM information_schema.REFERENTIAL_CONSTRAINTS
      WHERE (CONSTRAINT_SCHEMA = ? AND TABLE_NAME IN (?))
         OR (UNIQUE_CONSTRAINT_SCHEMA = ? AND REFERENCED_TABLE_NAME IN (?))`,
    [schemaOf(database), names, schemaOf(database), names],
  )
  const inGroup = (schema: string, table: string) => schema === schemaOf(database) && names.includes(table)
  const refusals: DatabaseRefusal[] = []
  for (const row of rows) {
    const details = { database: database.name, ...row }
    const rules = [row.onUpdate, row.onDelete].filter(rule => rule !== 'RESTRICT' && rule !== 'NO ACTION')
    if (inGroup(row.childSchema, row.child) && rules.length > 0)
      refusals.push({
        code: 'FK_CASCADE',
        message: `${database.name}: ${row.name} changes ${row.child} by ${rules.join(' and ')} from ${row.parent}, unseen by the binlog`,
        details,
      })
    if (!inGroup(row.childSchema, row.child) || !inGroup(row.parentSchema, row.parent))
      refusals.push({
        code: 'FK_NOT_CLOSED',
        message: `${database.name}: ${row.name} ties ${row.child} to ${row.parent}; only one of them belongs to the capability`,
        details,
      })
  }
  return refusals
}

/** Triggers other than the toolkit's own would fire again for rows that are applied. */
export async function checkTriggers(
  connection: Connection,
  database: Database,
  tables: readonly MappedTable[],
): Promise<DatabaseRefusal[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT TRIGGER_NAME name, EVENT_OBJECT_TABLE tableName FROM information_schema.TRIGGERS
      WHERE TRIGGER_SCHEMA = ? AND EVENT_OBJECT_TABLE IN (?) AND TRIGGER_NAME NOT LIKE 'strangler\\_%'`,
    [schemaOf(database), tables.map(({ table }) => table)],
  )
  return rows.map(row => ({
    code: 'TRIGGER_FIRES_AGAIN',
    message: `${database.name}: trigger ${row.name} on ${row.tableName} would fire again for applied rows`,
    details: { database: database.name, table: row.tableName, trigger: row.name },
  }))
}
