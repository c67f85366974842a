import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { TopicRecord } from './topic-reader.ts'

/** Where a row stands in the binlog: the same each time that it is sent. */
export type RowPlace = { file: string; pos: number; row: number }

/** A row of a transaction as it was sent, perhaps for the second time. */
export type SentRow<T> = {
  record: TopicRecord
  /** Its number among the rows of its table, counted anew after each restart of the connector. */
  order: number
  place: RowPlace
  value: T
}

/** What is held of one transaction at most; a bigger one cannot be put together again. */
const mostRows = 200_000

/**
 * The rows of a transaction whose sending was broken off and begun again, in their order, each once. The second sending
 * goes on where the offsets say, which is at or before the last row of the first, and numbers its rows anew; END counts
 * the rows of the second. So every row has been sent at least once, and its place in the binlog tells one from another.
 * @throws ToolkitError SOURCE_TRANSACTION_TORN when there are too many to hold
 */
export function joinSendings<T>(id: string, sent: readonly SentRow<T>[]): T[] {
  if (sent.length > mostRows)
    throw new ToolkitError(
      'SOURCE_TRANSACTION_TORN',
      `Debezium was restarted in the middle of ${id}, which has more than ${mostRows} rows`,
      { details: { gtid: id }, hint: 'copy the tables anew, and start the sync again' },
    )
  const rows = new Map<string, SentRow<T>>()
  for (const row of sent) {
    const { file, pos, row: nth } = row.place
    // a row that moves to another key comes as two messages of one place
    const moves = row.record.headers.has('__debezium.newkey') ? 'from' : ''
    rows.set(`${row.record.topic}/${file}/${pos}/${nth}/${moves}`, row)
  }
  return [...rows.values()].sort(byPlace).map(({ value }) => value)
}

/** Whether the last `count` rows that were sent of one table are those of the last sending. */
export function isLastSending(sent: readonly Pick<SentRow<unknown>, 'order'>[], count: number): boolean {
  const orders = new Set<number>()
  // a partition keeps its own order only: the newest numbering is what is counted down from
  for (let at = sent.length - 1; at >= 0 && orders.size < count; at--) orders.add(sent[at]!.order)
  for (let order = 1; order <= count; order++) if (!orders.has(order)) return false
  return true
}

function byPlace(one: SentRow<unknown>, other: SentRow<unknown>): number {
  const [a, b] = [one.place, other.place]
  if (a.file !== b.file) return fileNumber(a.file) - fileNumber(b.file)
  if (a.pos !== b.pos) return a.pos - b.pos
  if (a.row !== b.row) return a.row - b.row
  return (
    Number(other.record.headers.has('__debezium.newkey')) -
    Number(one.record.headers.has('__debezium.newkey'))
  )
}

/** `binlog.000012` → 12: beyond 999999 the names no longer sort as text. */
function fileNumber(file: string): number {
  return Number(/(\d+)$/.exec(file)?.[1] ?? 0)
}
