import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Row, SqlValue } from '../data/table-mapping.ts'
import type { TableShape } from '../data/table-shape.ts'

/**
 * Types whose binlog value zongji does not give as `SqlValue` has it. The binlog's own metadata calls MariaDB's UUID and
 * INET columns BINARY(n), so they are told apart by the table's definition.
 */
const decoders: Record<string, (value: SqlValue) => SqlValue> = {
  uuid: value => (Buffer.isBuffer(value) ? uuidText(padded(value, 16)) : value),
  inet4: value => (Buffer.isBuffer(value) ? padded(value, 4).join('.') : value),
  inet6: value => (Buffer.isBuffer(value) ? inet6Text(padded(value, 16)) : value),
}

/** Types that cannot be carried exactly: zongji drops a geometry's SRID. */
const unsupported = new Set([
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
  'vector',
])

/** Columns among `columns` of a type that sync and backfill cannot carry. */
export function unsupportedColumns(
  shape: TableShape,
  columns: readonly string[],
): { name: string; type: string }[] {
  return shape.columns
    .filter(column => columns.includes(column.name) && unsupported.has(column.dataType))
    .map(column => ({ name: column.name, type: column.columnType }))
}

/**
 * A function from zongji's row to the captured columns.
 * @throws ToolkitError SOURCE_SCHEMA_CHANGED for a column that the table does not have, SOURCE_COLUMN_TYPE
 */
export function rowDecoder(shape: TableShape, columns: readonly string[]): (row: Row) => Row {
  for (const { name, type } of unsupportedColumns(shape, columns))
    throw new ToolkitError(
      'SOURCE_COLUMN_TYPE',
      `${shape.table}.${name} is ${type}, which cannot be copied exactly`,
      {
        hint: 'leave the column out of the mapping',
      },
    )
  const steps = columns.map(name => {
    const column = shape.columns.find(candidate => candidate.name === name)
    if (column === undefined)
      throw new ToolkitError(
        'SOURCE_SCHEMA_CHANGED',
        `${shape.schema}.${shape.table} has no column ${name}`,
        {
          hint: 'correct the mapping, or the table',
        },
      )
    return { name, decode: decoders[column.dataType] }
  })
  return row => {
    const decoded: Row = {}
    for (const { name, decode } of steps) {
      const value = row[name]
      decoded[name] = value === undefined ? null : decode === undefined ? value : decode(value)
    }
    return decoded
  }
}

/** The binlog strips trailing zero bytes of fixed-width values. */
function padded(value: Buffer, width: number): Buffer {
  return value.length >= width ? value.subarray(0, width) : Buffer.concat([value], width)
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** As MariaDB prints it: the longest run of zero groups shortened, even of one, IPv4-mapped and -compatible forms dotted. */
function inet6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2))
  let best = { start: -1, length: 0 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  const dotted = best.start === 0 && (best.length === 6 || (best.length === 5 && groups[5] === 0xffff))
  const texts = groups.map(group => group.toString(16))
  const tail = dotted ? [bytes.subarray(12).join('.')] : texts.slice(6)
  const all = [...texts.slice(0, 6), ...tail]
  if (best.start < 0) return all.join(':')
  return `${all.slice(0, best.start).join(':')}::${all.slice(best.start + best.length).join(':')}`
}
