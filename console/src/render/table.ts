import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { cutToWidth, textWidth } from './text-width.ts'

export type Column = { title: string; align?: 'right' }
export type Cell = string | { text: string; paint(text: string): string }

const gap = 2
/** Below this a column says nothing any more: the rows are written as one block each instead. */
const narrowest = 6

/** Rows under their titles, never wider than the paper: columns are cut first, then rows stand as blocks. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], paper: Paper): string {
  const texts = rows.map(row => row.map(cell => oneLine(typeof cell === 'string' ? cell : cell.text)))
  const natural = columns.map(({ title }, index) =>
    Math.max(textWidth(title), ...texts.map(row => textWidth(row[index] ?? ''))),
  )
  const widths = fit(natural, paper.width - gap * (columns.length - 1))
  if (widths === undefined) return blocks(columns, rows, texts, paper)
  const line = (cells: readonly string[], decorate: (text: string, index: number) => string) =>
    cells
      .map((text, index) => decorate(pad(text, widths[index]!, columns[index]!.align), index))
      .join(' '.repeat(gap))
      .trimEnd()
  const head = line(
    columns.map(({ title }) => title),
    paper.paint.dim,
  )
  const body = texts.map((row, at) => line(row, (text, index) => painted(rows[at]![index]!, text)))
  return `${[head, ...body].join('\n')}\n`
}

/** Takes from the widest column but the first, which says whose row it is; undefined when all can't fit. */
function fit(natural: readonly number[], available: number): number[] | undefined {
  const widths = [...natural]
  for (let over = widths.reduce((sum, width) => sum + width, 0) - available; over > 0; over--) {
    const widest = widths.lastIndexOf(Math.max(...widths.slice(1)))
    if (widest < 1 || widths[widest]! <= narrowest) return undefined
    widths[widest]!--
  }
  return widths
}

function blocks(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  texts: readonly (readonly string[])[],
  { width, paint }: Paper,
): string {
  const label = Math.max(...columns.map(({ title }) => textWidth(title)))
  const block = (row: readonly string[], at: number) =>
    row
      .map((text, index) => {
        const value = cutToWidth(text, Math.max(1, width - label - gap))
        return `${paint.dim(pad(columns[index]!.title, label))}${' '.repeat(gap)}${painted(rows[at]![index]!, value)}\n`
      })
      .join('')
  return texts.map(block).join('\n')
}

function painted(cell: Cell, text: string): string {
  return typeof cell === 'string' ? text : cell.paint(text)
}

function pad(text: string, width: number, align?: 'right'): string {
  const cut = cutToWidth(text, width)
  const space = ' '.repeat(Math.max(0, width - textWidth(cut)))
  return align === 'right' ? space + cut : cut + space
}
