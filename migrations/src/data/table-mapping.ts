/**
 * A column's value, the same whichever way it was read (binlog or SELECT) and exact:
 * - integers within ±(2^53 − 1), YEAR, FLOAT, DOUBLE: number
 * - integers beyond, DECIMAL: decimal text ("1234.50": scale kept)
 * - DATE, TIME, DATETIME, TIMESTAMP (as UTC): text as the server prints it ("2024-02-29 12:34:56.000001")
 * - CHAR, VARCHAR, TEXT, ENUM, SET, JSON, UUID, INET4, INET6: text
 * - BINARY, VARBINARY, BLOB, BIT: Buffer
 */
export type SqlValue = null | number | string | Buffer

/** One row, by column name. */
export type Row = Record<string, SqlValue>

/** One side's table as the mapping sees it. */
export type MappedTable = {
  /** Unqualified: the schema is that of the side's database URL. */
  table: string
  /** Columns of the primary key, in the key's order. */
  key: readonly string[]
  /** Every column read and written, key included. Columns left out are neither copied nor compared. */
  columns: readonly string[]
  /**
   * Columns, none of `columns`, that stay with another capability, which goes on writing them while this one is written
   * on the other side: the fence lets exactly these pass.
   */
  leaves?: readonly string[]
  /**
   * Some of `columns` that another group of the same row writes too, such as the date of its last change: written by
   * both, compared by neither, and the fence lets them pass.
   */
  shared?: readonly string[]
  /**
   * Whose the rows are. `own` (the default): this mapping's. `foreign`: another one's, often another capability's: this
   * one only writes its columns into rows that are there, and its fence guards nothing but these columns.
   */
  rows?: 'own' | 'foreign'
}

/**
 * How one row of a legacy table becomes one row of an extracted table, and back. A table may stand in several mappings:
 * one row then becomes rows of several tables, or is put together from them (`rows: 'foreign'` for all but one).
 * Both functions are pure and total over valid rows; they throw for a row they cannot map, which stops the
 * capability's sync with that row kept in `parked_change`. They return every column of the other side's `columns`, or
 * null where the row has no counterpart there.
 * The key of the result may depend on the key of the input only: a delete is mapped by its key.
 * Parents stand before children in a list of mappings.
 */
export type TableMapping = {
  legacy: MappedTable
  extracted: MappedTable
  toExtracted(row: Row): Row | null
  toLegacy(row: Row): Row | null
  /**
   * `births`: only that a row appears, with its first values, and that it goes; what happens to it in between is another
   * capability's, which also copies and verifies it. Default `changes`: all of it.
   */
  carries?: 'changes' | 'births'
}

/** Away from legacy, or back towards it. */
export type Direction = 'forward' | 'reverse'

/** A mapping read in one direction. */
export type DirectedMapping = {
  from: MappedTable
  to: MappedTable
  map(row: Row): Row | null
  births: boolean
}

/** The mapping as `direction` uses it. */
export function directed(mapping: TableMapping, direction: Direction): DirectedMapping {
  const births = mapping.carries === 'births'
  return direction === 'forward'
    ? { from: mapping.legacy, to: mapping.extracted, map: mapping.toExtracted, births }
    : { from: mapping.extracted, to: mapping.legacy, map: mapping.toLegacy, births }
}

/** The mappings whose rows this capability copies and verifies. */
export function carried(mappings: readonly TableMapping[]): TableMapping[] {
  return mappings.filter(({ carries }) => carries !== 'births')
}

/** Of one mapping among all of its capability. */
export function mappingName({ from, to }: Pick<DirectedMapping, 'from' | 'to'>): string {
  return `${from.table} > ${to.table}`
}
