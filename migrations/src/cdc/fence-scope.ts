import type { Connection } from 'mysql2/promise'
import { identifier } from '../data/sql-text.ts'
import { carried, type MappedTable, type TableMapping } from '../data/table-mapping.ts'
import { requireTableShape } from '../data/table-shape.ts'

export const fenceEvents = { ins: 'INSERT', upd: 'UPDATE', del: 'DELETE' } as const
export type FenceEvent = keyof typeof fenceEvents

/** What of a table belongs to one capability, where that is not the whole of it. */
export type FenceScope = {
  /** Whether inserting and deleting rows is the capability's, too. */
  rows: boolean
  /** The columns that are guarded: these, or all but these. */
  columns: { only: readonly string[] } | { except: readonly string[] }
}

/** By table; one that is not here belongs to the capability as a whole. */
export type FenceScopes = ReadonlyMap<string, FenceScope>

/** The tables of one side that a fence guards. */
export function fencedTables(mappings: readonly TableMapping[], side: 'legacy' | 'extracted'): string[] {
  return [...new Set(carried(mappings).map(mapping => mapping[side].table))]
}

export function fenceScopes(mappings: readonly TableMapping[], side: 'legacy' | 'extracted'): FenceScopes {
  const scopes = new Map<string, FenceScope>()
  const tables = carried(mappings).map(mapping => mapping[side])
  for (const name of new Set(tables.map(({ table }) => table))) {
    const scope = scopeOf(tables.filter(({ table }) => table === name))
    if (scope !== undefined) scopes.set(name, scope)
  }
  return scopes
}

/** Of one table, which may stand in several mappings of the capability. */
function scopeOf(tables: readonly MappedTable[]): FenceScope | undefined {
  const guarded = tables.flatMap(({ columns, key, shared = [] }) =>
    columns.filter(column => !key.includes(column) && !shared.includes(column)),
  )
  if (tables.every(({ rows }) => rows === 'foreign')) return { rows: false, columns: { only: guarded } }
  const except = tables.flatMap(({ leaves = [], shared = [] }) => [...leaves, ...shared])
  const passing = except.filter(column => !guarded.includes(column))
  return passing.length === 0 ? undefined : { rows: true, columns: { except: [...new Set(passing)] } }
}

/** The statements that a fence refuses on a table. */
export function eventsOf(scope: FenceScope | undefined): FenceEvent[] {
  return scope === undefined || scope.rows ? ['ins', 'upd', 'del'] : ['upd']
}

/** Two capabilities may each guard a part of one table, so its name tells whose trigger it is. */
export function triggerName(
  prefix: string,
  event: FenceEvent,
  table: string,
  capability: string,
  scope: FenceScope | undefined,
): string {
  return scope === undefined ? `${prefix}_${event}_${table}` : `${prefix}_${event}_${capability}_${table}`
}

/**
 * A condition in SQL that holds where an update touches what is guarded; undefined where everything is. Text is compared
 * by its bytes: for a collation `a` and `A` may be the same.
 */
export async function touchesGuarded(
  connection: Connection,
  schema: string,
  table: string,
  scope: FenceScope | undefined,
): Promise<string | undefined> {
  if (scope === undefined) return undefined
  const shape = await requireTableShape(connection, schema, table)
  const isGuarded = (name: string) =>
    'only' in scope.columns ? scope.columns.only.includes(name) : !scope.columns.except.includes(name)
  const same = shape.columns
    .filter(({ name }) => isGuarded(name))
    .map(({ name, dataType }) => {
      const binary = /char|text|enum|set/.test(dataType) ? 'BINARY ' : ''
      return `${binary}OLD.${identifier(name)} <=> ${binary}NEW.${identifier(name)}`
    })
  return same.length === 0 ? 'FALSE' : `NOT (${same.join(' AND ')})`
}
