import { identifier, literal } from './sql-text.ts'
import type { Row, SqlValue } from './table-mapping.ts'

export type Key = readonly SqlValue[]

export function keyOf(row: Row, columns: readonly string[]): Key {
  return columns.map(column => row[column]!)
}

/** Equal for equal keys only, whatever their types: for maps and sets, not for ordering. */
export function keyText(key: Key): string {
  return key.length === 1 ? valueText(key[0]!) : JSON.stringify(key.map(valueText))
}

/**
 * Equal for equal values only: bytes differ from text, null from ''. A number and its decimal text are the same value:
 * one column never holds both, yet a mapping may give either.
 */
export function valueText(value: SqlValue): string {
  if (value === null) return '\0n'
  if (typeof value === 'object') return `\0b${value.toString('base64')}`
  if (typeof value === 'number') return `${value}`
  return value.startsWith('\0') ? `\0s${value}` : value
}

/** `k IN (1,2)`, or `(a,b) IN ((1,2),(3,4))`. */
export function keyIn(columns: readonly string[], keys: readonly Key[]): string {
  if (columns.length === 1)
    return `${identifier(columns[0]!)} IN (${keys.map(key => literal(key[0]!)).join(',')})`
  const names = columns.map(identifier).join(',')
  return `(${names}) IN (${keys.map(key => `(${key.map(literal).join(',')})`).join(',')})`
}

/** Rows behind `key` in key order, written so that the server can use the index for composite keys too. */
export function keyAfter(columns: readonly string[], key: Key): string {
  return beyond(columns, key, '>', '>')
}

/** Rows up to `key`, itself included. */
export function keyUpTo(columns: readonly string[], key: Key): string {
  return beyond(columns, key, '<', '<=')
}

function beyond(columns: readonly string[], key: Key, strict: string, last: string): string {
  const [column, ...rest] = columns
  const [value, ...others] = key
  const name = identifier(column!)
  if (rest.length === 0) return `${name} ${last} ${literal(value!)}`
  return `(${name} ${strict} ${literal(value!)} OR (${name} = ${literal(value!)} AND ${beyond(rest, others, strict, last)}))`
}

/** A key as JSON text, and back: for resume tokens. */
export function formatKey(key: Key): string {
  return JSON.stringify(
    key.map(value =>
      typeof value === 'object' && value !== null ? { base64: value.toString('base64') } : value,
    ),
  )
}

export function parseKey(text: string): Key {
  const values = JSON.parse(text) as (number | string | null | { base64: string })[]
  return values.map(value =>
    typeof value === 'object' && value !== null ? Buffer.from(value.base64, 'base64') : value,
  )
}
