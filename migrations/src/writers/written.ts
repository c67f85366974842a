/** What can be done to a row. */
export const writeEvents = ['insert', 'update', 'delete'] as const
export type WriteEvent = (typeof writeEvents)[number]

/** One way of writing one table of the capability. `columns`: those of the mapping that an update changed. */
export type WriteShape = { table: string; event: WriteEvent; columns: readonly string[] }

/** Rows written in one way by one account, while somebody looked. */
export type Sighting = WriteShape & { account: string; rows: number }

/** Rows written in one way, as the binlog tells: it does not say by whom. */
export type Past = WriteShape & { rows: number; firstAt: string; lastAt: string }

/** `CUST_MST update (RVW_DT, CHG_DT)`. */
export function shapeText({ table, event, columns }: WriteShape): string {
  if (event !== 'update') return `${table} ${event}`
  return `${table} update (${columns.length === 0 ? 'no mapped column' : columns.join(', ')})`
}

/** The same for the same way of writing. */
export function shapeKey({ table, event, columns }: WriteShape): string {
  return `${table} ${event} ${[...columns].sort().join()}`
}
