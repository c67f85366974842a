import type { Connection, RowDataPacket } from 'mysql2/promise'
import { connectToolkit, type Database, schemaOf } from '../data/database.ts'
import { identifier, qualified } from '../data/sql-text.ts'
import { type Direction, directed, type TableMapping } from '../data/table-mapping.ts'
import { requireTableShape } from '../data/table-shape.ts'

/**
 * Makes the target of `direction` hand out ids beyond everything either side has handed out, rolled back ones included.
 * Tables without AUTO_INCREMENT are left alone. Repeating it is fine.
 * @param options.gap how many ids to leave free in between
 * @returns the tables changed, with the next id as decimal text
 */
export async function liftAutoIncrement(options: {
  direction: Direction
  tables: readonly TableMapping[]
  source: Database
  target: Database
  gap: number
}): Promise<{ table: string; next: string }[]> {
  const { direction, source, target, gap } = options
  const readSource = await connectToolkit(source)
  const onTarget = await connectToolkit(target).catch(error => {
    readSource.destroy()
    throw error
  })
  try {
    const lifted: { table: string; next: string }[] = []
    for (const mapping of options.tables) {
      const { from, to } = directed(mapping, direction)
      const own = await nextId(onTarget, schemaOf(target), to.table)
      if (own === undefined) continue
      const other = (await nextId(readSource, schemaOf(source), from.table)) ?? 0n
      if (own >= other + BigInt(gap)) continue
      const next = (own > other ? own : other) + BigInt(gap)
      await onTarget.query(`ALTER TABLE ${qualified(schemaOf(target), to.table)} AUTO_INCREMENT = ${next}`)
      lifted.push({ table: to.table, next: String(next) })
    }
    return lifted
  } finally {
    readSource.destroy()
    onTarget.destroy()
  }
}

/** The next id that would be handed out, or undefined where ids are not handed out. */
async function nextId(connection: Connection, schema: string, table: string): Promise<bigint | undefined> {
  const shape = await requireTableShape(connection, schema, table)
  const column = shape.columns.find(candidate => candidate.autoIncrement)
  if (column === undefined) return undefined
  const [counter] = await connection.query<RowDataPacket[]>(
    'SELECT AUTO_INCREMENT next FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [schema, table],
  )
  const [highest] = await connection.query<RowDataPacket[]>(
    `SELECT COALESCE(MAX(${identifier(column.name)}), 0) + 1 next FROM ${qualified(schema, table)}`,
  )
  const [a, b] = [BigInt(counter[0]?.next ?? 0), BigInt(highest[0]!.next)]
  return a > b ? a : b
}
