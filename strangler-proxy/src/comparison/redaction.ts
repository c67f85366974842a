import { createHmac } from 'node:crypto'

/** What stands for a value of a field in what is stored. `field` is its name without the path before it. */
export type Conceal = (field: string, value: string, kind: 'text' | 'number') => string

/**
 * Values become keyed hashes: whoever reads a sample sees whether two values are equal and how long they are, and
 * without the key nobody can try out which values they might be.
 * @param revealed names of fields whose values are stored as they are
 */
export function concealValues(key: string, revealed: readonly string[]): Conceal {
  const clear = new Set(revealed)
  return (field, value, kind) => {
    if (clear.has(field) || clear.has('*')) return kind === 'text' ? JSON.stringify(value) : value
    const hash = createHmac('sha256', key).update(`${field}\0${value}`).digest('hex').slice(0, 12)
    return kind === 'text' ? `text of ${[...value].length} #${hash}` : `number #${hash}`
  }
}
