import type { Connection } from 'mysql2/promise'
import { type Key, keyIn, keyOf, keyText, valueText } from '../data/row-key.ts'
import type { DirectedMapping, Row } from '../data/table-mapping.ts'
import { selectColumns, type TableShape } from '../data/table-shape.ts'
import type { RowComparer, Suspect, Verdict } from './compare-rows.ts'
import { readServerPosition } from './signal-table.ts'
import type { Sync } from './sync.ts'

type RecheckOptions = {
  mapping: DirectedMapping
  comparer: RowComparer
  from: TableShape
  to: TableShape
  readFrom: Connection
  readTo: Connection
  sync: Pick<Sync, 'waitUntilApplied'> | null
  signal: AbortSignal
}

export type Difference = {
  kind: 'missing' | 'extra' | 'different'
  key: Row
  columns: readonly string[]
  /** Where the row is on either side, as far as the mapping can tell. */
  suspect: Suspect
}

const waitMs = 30_000
/** A row written without pause is looked at this often before it counts as different. */
const maxRounds = 50

/**
 * Tells lasting differences from rows that were merely on their way. The source's row is read before and after the wait:
 * where it stayed the same, the target must by then have it; where it moved, another round decides.
 */
export function createRecheck(
  options: RecheckOptions,
): (suspects: readonly Suspect[]) => Promise<Difference[]> {
  const { mapping, comparer, from, to, readFrom, readTo, sync, signal } = options
  const rows = async (
    connection: Connection,
    shape: TableShape,
    side: DirectedMapping['from'],
    keys: readonly Key[],
  ): Promise<Map<string, Row>> => {
    if (keys.length === 0) return new Map()
    const [found] = await connection.query(
      `${selectColumns(shape, side.columns)} WHERE ${keyIn(side.key, keys)}`,
    )
    return new Map((found as Row[]).map(row => [keyText(keyOf(row, side.key)), row]))
  }
  const readSources = (suspects: readonly Suspect[]) =>
    rows(
      readFrom,
      from,
      mapping.from,
      suspects.map(({ source }) => source).filter(source => source !== null),
    )
  const readTargets = (suspects: readonly Suspect[]) =>
    rows(
      readTo,
      to,
      mapping.to,
      suspects.map(({ target }) => target).filter(target => target !== null),
    )
  const look = (found: Map<string, Row>, key: Key | null) =>
    key === null ? undefined : found.get(keyText(key))

  const read = async (suspects: readonly Suspect[]) => {
    if (sync === null) {
      const [sources, targets] = await Promise.all([readSources(suspects), readTargets(suspects)])
      return { before: sources, targets, after: sources }
    }
    const before = await readSources(suspects)
    const position = await readServerPosition(readFrom)
    await sync.waitUntilApplied({ position }, { timeoutMs: waitMs, signal })
    const targets = await readTargets(suspects)
    return { before, targets, after: await readSources(suspects) }
  }
  const difference = (
    kind: Exclude<Verdict, 'equal'>,
    suspect: Suspect,
    source?: Row,
    target?: Row,
  ): Difference => ({
    kind,
    key: Object.fromEntries(mapping.to.key.map((column, index) => [column, suspect.target?.[index] ?? null])),
    columns:
      source !== undefined && target !== undefined
        ? comparer.unequal(comparer.expected(source) ?? {}, target)
        : [],
    suspect,
  })

  return async suspects => {
    const differences: Difference[] = []
    let open = suspects
    for (let round = 1; open.length > 0; round++) {
      signal.throwIfAborted()
      const { before, targets, after } = await read(open)
      const moving: Suspect[] = []
      for (const suspect of open) {
        const source = look(after, suspect.source)
        const target = look(targets, suspect.target)
        const verdict = comparer.verdict(source, target)
        if (verdict === 'equal') continue
        if (round < maxRounds && !sameRow(look(before, suspect.source), source)) moving.push(suspect)
        else differences.push(difference(verdict, suspect, source, target))
      }
      open = moving
    }
    return differences
  }
}

function sameRow(a: Row | undefined, b: Row | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return Object.keys(a).every(column => valueText(a[column]!) === valueText(b[column]!))
}
