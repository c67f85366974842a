import type { Row, SqlValue } from './table-mapping.ts'

/** `name` → `` `name` ``. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

export function qualified(schema: string, table: string): string {
  return `${identifier(schema)}.${identifier(table)}`
}

const special = /['\\]/

/** A value as SQL text that the server reads back unchanged (utf8mb4 session, backslash escapes on). */
export function literal(value: SqlValue): string {
  if (value === null) return 'NULL'
  if (typeof value === 'number') return Object.is(value, -0) ? '-0e0' : String(value)
  if (typeof value === 'string')
    return special.test(value) ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${value}'`
  return `X'${value.toString('hex')}'`
}

/** `(1,'a',NULL)`. */
export function tuple(row: Row, columns: readonly string[]): string {
  let text = '('
  for (let index = 0; index < columns.length; index++)
    text += index === 0 ? literal(row[columns[index]!]!) : `,${literal(row[columns[index]!]!)}`
  return `${text})`
}
