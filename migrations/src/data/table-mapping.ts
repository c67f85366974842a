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
}

/**
 * How one row of a legacy table becomes one row of an extracted table, and back.
 * Both functions are pure and total over valid rows; they throw for a row they cannot map, which stops the
 * capability's sync with that row kept in `parked_change`. They return every column of the other side's `columns`.
 * The key of the result may depend on the key of the input only: a delete is mapped by its key.
 * Parents stand before children in a list of mappings.
 */
export type TableMapping = {
  legacy: MappedTable
  extracted: MappedTable
  toExtracted(row: Row): Row
  toLegacy(row: Row): Row
}

/** Away from legacy, or back towards it. */
export type Direction = 'forward' | 'reverse'

/** A mapping read in one direction. */
export type DirectedMapping = { from: MappedTable; to: MappedTable; map(row: Row): Row }

/** The mapping as `direction` uses it. */
export function directed(mapping: TableMapping, direction: Direction): DirectedMapping {
  return direction === 'forward'
    ? { from: mapping.legacy, to: mapping.extracted, map: mapping.toExtracted }
    : { from: mapping.extracted, to: mapping.legacy, map: mapping.toLegacy }
}
