import { type Key, keyOf, keyText, valueText } from '../data/row-key.ts'
import type { Row, SqlValue, TableMapping } from '../data/table-mapping.ts'
import { type Direction, directed } from '../data/table-mapping.ts'
import { mapped } from './row-write.ts'

/** A row that differed when it was read, by its keys on both sides; null where the mapping cannot tell one. */
export type Suspect = { source: Key | null; target: Key | null }

export type Verdict = 'equal' | 'missing' | 'extra' | 'different'

export type RowComparer = {
  /** The target's row as it should be; null for none. A row that cannot be mapped is never equal to anything. */
  expected(source: Row): Row | null | undefined
  /** Key of the source's row that a row of the target would come from; null where that cannot be told. */
  sourceKey(target: Row): Key | null
  /** Unequal columns. */
  unequal(expected: Row, target: Row): string[]
  /** Rows of one key range of the target against all that should be there. */
  suspects(
    expected: ReadonlyMap<string, { row: Row | undefined; source: Key }>,
    targets: readonly Row[],
  ): Suspect[]
  verdict(source: Row | undefined, target: Row | undefined): Verdict
}

/** Comparison of rows of one table through its mapping, value by value, never by a collation. */
export function createRowComparer(mapping: TableMapping, direction: Direction): RowComparer {
  const { from, to, map, births } = directed(mapping, direction)
  const compared = to.columns.filter(column => !to.shared?.includes(column))
  const back = directed(mapping, direction === 'forward' ? 'reverse' : 'forward')

  const expected = (source: Row) => {
    try {
      return mapped(map(source), { mapping: { from, to, map, births } })
    } catch {
      return undefined
    }
  }
  const sourceKey = (target: Row) => {
    try {
      const row = back.map(target)
      if (row === null) return null
      const key = keyOf(row, from.key)
      return key.some(value => value === undefined) ? null : key
    } catch {
      return null
    }
  }
  /** A row of the target that nothing on the other side stands for, such as one that another mapping brings. */
  const isAlone = (target: Row) => {
    try {
      return back.map(target) === null
    } catch {
      return false
    }
  }
  const unequal = (wanted: Row, target: Row) =>
    compared.filter(column => !same(wanted[column]!, target[column]!))

  return {
    expected,
    sourceKey,
    unequal,
    suspects(wanted, targets) {
      const found: Suspect[] = []
      const missing = new Map(wanted)
      for (const target of targets) {
        const key = keyOf(target, to.key)
        const text = keyText(key)
        const entry = missing.get(text)
        missing.delete(text)
        if (entry === undefined) {
          if (!isAlone(target)) found.push({ source: sourceKey(target), target: key })
        } else if (entry.row === undefined || unequal(entry.row, target).length > 0)
          found.push({ source: entry.source, target: key })
      }
      for (const { row, source } of missing.values())
        found.push({ source, target: row === undefined ? null : keyOf(row, to.key) })
      return found
    },
    verdict(source, target) {
      const row = source === undefined ? null : expected(source)
      if (row === null) return target === undefined || isAlone(target) ? 'equal' : 'extra'
      if (target === undefined) return 'missing'
      return row !== undefined && unequal(row, target).length === 0 ? 'equal' : 'different'
    },
  }
}

function same(a: SqlValue, b: SqlValue): boolean {
  if (a === b) return true
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b)
  return valueText(a) === valueText(b)
}
