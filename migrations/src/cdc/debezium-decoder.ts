import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Row, SqlValue } from '../data/table-mapping.ts'
import type { ColumnShape, TableShape } from '../data/table-shape.ts'
import { unsupportedColumns } from './column-decoder.ts'

/** A value of Debezium's JSON; integers beyond 2^53 come as BigInt. */
export type JsonValue = null | boolean | number | bigint | string | object
export type JsonRow = Readonly<Record<string, JsonValue>>

type Decode = (value: JsonValue) => SqlValue

const day = 86_400_000
const integers = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year']
const texts = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'set', 'json', 'decimal']
const bytes = ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']
/** Debezium damages a UUID that ends in a zero byte, and does not start where it meets an INET column. */
const damaged = new Set(['uuid', 'inet4', 'inet6'])

/**
 * A function from a row of Debezium's JSON to `SqlValue`s: decimals as text, unsigned BIGINTs precise, adaptive times in
 * microseconds, as `debezium-connector-config` sets them.
 * @throws ToolkitError SOURCE_COLUMN_TYPE; for a row: SOURCE_SCHEMA_CHANGED for a column it lacks or a value of another type
 */
export function jsonRowDecoder(shape: TableShape, columns: readonly string[]): (row: JsonRow) => Row {
  const name = `${shape.schema}.${shape.table}`
  const steps = columns.map(wanted => {
    const column = shape.columns.find(candidate => candidate.name === wanted)
    if (column === undefined)
      throw new ToolkitError('SOURCE_SCHEMA_CHANGED', `${name} has no column ${wanted}`, {
        hint: 'correct the mapping, or the table',
      })
    if (damaged.has(column.dataType) || unsupportedColumns(shape, [wanted]).length > 0)
      throw new ToolkitError(
        'SOURCE_COLUMN_TYPE',
        `${name}.${wanted} is ${column.columnType}, which Debezium cannot carry exactly`,
        { hint: 'use the binlog source for this capability, or leave the column out of the mapping' },
      )
    return { wanted, type: column.columnType, decode: decoderOf(column) }
  })
  return row => {
    const decoded: Row = {}
    for (const { wanted, type, decode } of steps) {
      const value = row[wanted]
      if (value === undefined)
        throw new ToolkitError('SOURCE_SCHEMA_CHANGED', `a row of ${name} came without ${wanted}`, {
          hint: 'correct the mapping, copy the tables anew, and start the sync again',
        })
      const result = value === null ? null : decode(value)
      if (result === undefined)
        throw new ToolkitError('SOURCE_SCHEMA_CHANGED', `${name}.${wanted} came as no ${type}`, {
          hint: "compare the connector's configuration with what `debezium-connector-config` builds",
        })
      decoded[wanted] = result
    }
    return decoded
  }
}

/** Undefined, as the decoder's answer, is a value of another type. */
function decoderOf({ dataType, columnType }: ColumnShape): (value: JsonValue) => SqlValue | undefined {
  if (dataType === 'bigint' && columnType.includes('unsigned')) return text(unsignedInteger)
  if (integers.includes(dataType)) return integer
  if (dataType === 'float') return value => (isNumeric(value) ? Math.fround(Number(value)) : undefined)
  if (dataType === 'double') return value => (isNumeric(value) ? Number(value) : undefined)
  if (dataType === 'bit') return value => bits(value, digitsOf(columnType, 1))
  if (dataType === 'date')
    return value => (isNumeric(value) ? iso(Number(value) * day).slice(0, 10) : undefined)
  if (dataType === 'datetime') return value => dateTime(value, digitsOf(columnType, 0))
  if (dataType === 'timestamp') return text(value => zoned(value, digitsOf(columnType, 0)))
  if (dataType === 'time') return value => time(value, digitsOf(columnType, 0))
  if (dataType === 'enum') return text(value => enumText(value, columnType))
  if (texts.includes(dataType)) return text(value => value)
  if (bytes.includes(dataType)) return text(value => Buffer.from(value, 'base64'))
  return () => undefined
}

function text(decode: (value: string) => SqlValue): Decode {
  return value => (typeof value === 'string' ? decode(value) : (undefined as never))
}

function isNumeric(value: JsonValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** TINYINT(1) comes as a boolean where the table was made while streaming. */
function integer(value: JsonValue): SqlValue | undefined {
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'bigint') return value.toString()
  return typeof value === 'number' ? value : undefined
}

/** Big-endian two's complement; never negative here. */
function unsignedInteger(value: string): SqlValue {
  const number = BigInt(`0x0${Buffer.from(value, 'base64').toString('hex')}`)
  return number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : number.toString()
}

/** Debezium has the lowest byte first, MariaDB the highest. */
function bits(value: JsonValue, width: number): SqlValue | undefined {
  if (typeof value === 'boolean') return Buffer.from([Number(value)])
  if (typeof value !== 'string') return undefined
  const result = Buffer.alloc(Math.ceil(width / 8))
  Buffer.from(value, 'base64').subarray(0, result.length).copy(result)
  return result.reverse()
}

/** Milliseconds for up to three digits, else microseconds; a wall clock read as UTC. */
function dateTime(value: JsonValue, digits: number): SqlValue | undefined {
  if (!isNumeric(value)) return undefined
  const micros = digits <= 3 ? BigInt(value) * 1_000n : BigInt(value)
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = Number((micros - fraction) / 1_000_000n)
  return iso(seconds * 1_000).slice(0, 19) + fractionText(fraction, digits)
}

function zoned(value: string, digits: number): SqlValue {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(value)
  if (match === null) return undefined as never
  return `${match[1]} ${match[2]}${fractionText(BigInt((match[3] ?? '').padEnd(6, '0').slice(0, 6)), digits)}`
}

function time(value: JsonValue, digits: number): SqlValue | undefined {
  if (!isNumeric(value)) return undefined
  const micros = BigInt(value) < 0n ? -BigInt(value) : BigInt(value)
  const seconds = Number(micros / 1_000_000n)
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const clock = parts.map(part => String(part).padStart(2, '0')).join(':')
  return `${BigInt(value) < 0n ? '-' : ''}${clock}${fractionText(micros % 1_000_000n, digits)}`
}

/** A streamed ENUM comes with its commas escaped. */
function enumText(value: string, columnType: string): string {
  return columnType.includes(`'${value.replaceAll("'", "''")}'`) ? value : value.replaceAll('\\,', ',')
}

function fractionText(micros: bigint, digits: number): string {
  return digits === 0 ? '' : `.${String(micros).padStart(6, '0').slice(0, digits)}`
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ')
}

/** `datetime(6)` → 6. */
function digitsOf(columnType: string, otherwise: number): number {
  return Number(/\((\d+)\)/.exec(columnType)?.[1] ?? otherwise)
}

/** Whether rows of that table hold integers which a JavaScript number would round. */
export function needsBigIntegers(shape: TableShape): boolean {
  return shape.columns.some(({ dataType }) => ['bigint', 'datetime', 'time'].includes(dataType))
}

/** JSON whose integers beyond 2^53 become BigInt. */
export function parseExactJson(json: string): unknown {
  const revive = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context!.source!)
      : value
  return JSON.parse(json, revive as (key: string, value: unknown) => unknown)
}
