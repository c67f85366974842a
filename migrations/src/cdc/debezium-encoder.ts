import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Row, SqlValue } from '../data/table-mapping.ts'
import type { ColumnShape, TableShape } from '../data/table-shape.ts'

/** A value as `JSON.stringify` is to write it; a `JSON.rawJSON` where a number would be rounded. */
type Encoded = unknown

const integers = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year']
const day = 86_400_000

/**
 * A function from a row of `SqlValue`s to Debezium's JSON, as a connector of `debezium-connector-config` sends it: decimals
 * as text, unsigned BIGINTs precise, adaptive times in microseconds.
 * @throws ToolkitError SOURCE_SCHEMA_CHANGED for a column that the table does not have
 */
export function jsonRowEncoder(
  shape: TableShape,
  columns: readonly string[],
): (row: Row) => Record<string, Encoded> {
  const steps = columns.map(wanted => {
    const column = shape.columns.find(({ name }) => name === wanted)
    if (column === undefined)
      throw new ToolkitError(
        'SOURCE_SCHEMA_CHANGED',
        `${shape.schema}.${shape.table} has no column ${wanted}`,
        {
          hint: 'name columns that the table has',
        },
      )
    return { wanted, encode: encoderOf(column) }
  })
  return row =>
    Object.fromEntries(
      steps.map(({ wanted, encode }) => [wanted, row[wanted] === null ? null : encode(row[wanted]!)]),
    )
}

function encoderOf({ dataType, columnType }: ColumnShape): (value: NonNullable<SqlValue>) => Encoded {
  const digits = Number(/\((\d+)\)/.exec(columnType)?.[1] ?? 0)
  if (dataType === 'bigint' && columnType.includes('unsigned')) return value => precise(BigInt(String(value)))
  if (integers.includes(dataType)) return value => exact(String(value))
  if (dataType === 'bit') return value => bits(value as Buffer, columnType)
  if (dataType === 'date') return value => days(String(value))
  if (dataType === 'datetime') return value => moment(String(value), digits)
  if (dataType === 'timestamp') return value => `${String(value).replace(' ', 'T')}Z`
  if (dataType === 'time') return value => micros(String(value))
  return value => (Buffer.isBuffer(value) ? value.toString('base64') : value)
}

function exact(integer: string): Encoded {
  return Number.isSafeInteger(Number(integer)) ? Number(integer) : rawJson(integer)
}

/** ECMAScript's own, which the type library does not know yet. */
function rawJson(text: string): Encoded {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)
}

/** Big-endian two's complement, so a leading zero where the highest bit is set. */
function precise(value: bigint): string {
  const hex = value.toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  return Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex').toString('base64')
}

/** The lowest byte first. */
function bits(value: Buffer, columnType: string): Encoded {
  return /^bit(\(1\))?$/.test(columnType)
    ? value.some(byte => byte !== 0)
    : Buffer.from(value).reverse().toString('base64')
}

/** Zero dates are no dates to Debezium. */
function days(date: string): Encoded {
  const ms = Date.parse(`${date}T00:00:00Z`)
  return Number.isNaN(ms) ? null : ms / day
}

function moment(dateTime: string, digits: number): Encoded {
  const [seconds = '', fraction = ''] = dateTime.split('.')
  const ms = Date.parse(`${seconds.replace(' ', 'T')}Z`)
  if (Number.isNaN(ms)) return null
  const all = BigInt(ms) * 1_000n + BigInt(fraction.padEnd(6, '0'))
  return exact(String(digits <= 3 ? all / 1_000n : all))
}

function micros(time: string): Encoded {
  const match = /^(-?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(time)
  if (match === null) return null
  const [, sign, hours, minutes, seconds, fraction = ''] = match
  const whole = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000_000
  const all = whole + Number(fraction.padEnd(6, '0'))
  return sign === '-' ? -all : all
}
