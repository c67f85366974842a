import { textOf } from './json-fields.ts'
import type { Paint } from './paper.ts'
import type { Cell } from './table.ts'

/** A comparison's verdict in its colour. */
export function verdict(value: unknown, paint: Paint): Cell {
  const text = textOf(value)
  if (text === 'pass') return { text, paint: paint.green }
  return text === 'fail' ? { text, paint: paint.red } : { text, paint: paint.yellow }
}
