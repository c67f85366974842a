import type { ColumnDraft, DataDraft, TableDraft } from './draft.ts'

export type MappedColumn = {
  legacy: string
  extracted: string
  /** Type of the extracted column, as SQL declares it. */
  type: string
  change: 'none' | 'yes-no' | 'date-digits'
  column: ColumnDraft
}

export type MappedTable = {
  draft: TableDraft
  extracted: string
  columns: readonly MappedColumn[]
}

/**
 * Each table with a name in lower case for the other side, its columns one to one, the single key column as `id`, and
 * another type where the values ask for one. Parents stand before children.
 */
export function proposeMapping({ tables }: Pick<DataDraft, 'tables'>): MappedTable[] {
  return parentsFirst(tables).map(draft => {
    const names = new Set<string>()
    const columns = draft.columns.map((column): MappedColumn => {
      const isKey = draft.key.length === 1 && draft.key[0] === column.name
      const wanted = isKey ? 'id' : snakeCase(column.name)
      const extracted = names.has(wanted) ? `${wanted}_${names.size}` : wanted
      names.add(extracted)
      const change = column.looksLike ?? 'none'
      return { legacy: column.name, extracted, type: typeOf(column), change, column }
    })
    return { draft, extracted: snakeCase(draft.name), columns }
  })
}

/** `bookNo`, `BOOK_NO` and `Book No` → `book_no`. */
export function snakeCase(name: string): string {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase()
  return /^[a-z_]/.test(snake) ? snake : `_${snake}`
}

function typeOf({ type, looksLike }: ColumnDraft): string {
  if (looksLike === 'yes-no') return 'tinyint(1)'
  if (looksLike === 'date-digits') return 'date'
  return type
}

function parentsFirst(tables: readonly TableDraft[]): TableDraft[] {
  const placed: TableDraft[] = []
  const place = (table: TableDraft, above: readonly string[]) => {
    if (placed.includes(table) || above.includes(table.name)) return
    for (const { table: parent } of table.references) {
      const found = tables.find(({ name }) => name === parent)
      if (found !== undefined) place(found, [...above, table.name])
    }
    placed.push(table)
  }
  for (const table of tables) place(table, [])
  return placed
}
