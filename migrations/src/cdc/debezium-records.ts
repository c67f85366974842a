import { keyOf, keyText } from '../data/row-key.ts'
import type { Row } from '../data/table-mapping.ts'
import type { Change, Transaction } from './change.ts'

/** One message of one topic, as Debezium sends it; `value` null is a tombstone. */
export type DebeziumRecord = {
  topic: string
  key: string | null
  value: string | null
  headers: Readonly<Record<string, string>>
}

/** By `schema.table`. */
export type RecordTables = ReadonlyMap<
  string,
  { key: readonly string[]; encode(row: Row): Record<string, unknown> }
>

type Numbers = { total: number; byTable: Map<string, number> }

/**
 * A function from transactions, in their order and perhaps in parts, to Debezium's messages: its envelope, its tombstones,
 * two messages for a row that gets another key, and the marks of transactions. What the binlog's reader does not tell is
 * empty: `file`, `pos`, `thread`, `query`.
 * @param name `topic.prefix`
 */
export function debeziumRecords(
  name: string,
  tables: RecordTables,
  now: () => number,
): (transaction: Transaction) => DebeziumRecord[] {
  let open: (Numbers & { gtid: string }) | undefined

  const mark = (gtid: string, ts_ms: number, ended: Numbers | undefined): DebeziumRecord => ({
    topic: `${name}.transaction`,
    key: JSON.stringify({ id: gtid }),
    value: JSON.stringify({
      status: ended === undefined ? 'BEGIN' : 'END',
      id: gtid,
      event_count: ended?.total ?? null,
      data_collections:
        ended === undefined
          ? null
          : [...ended.byTable].map(([data_collection, event_count]) => ({ data_collection, event_count })),
      ts_ms,
    }),
    headers: {},
  })

  const row = (
    change: Change,
    numbers: Numbers,
    { op, before, after }: Pick<Change, 'op' | 'before' | 'after'>,
    header: string,
  ): DebeziumRecord => {
    const { db, table, gtid, server_id, ts_ms } = change.source
    const collection = `${db}.${table}`
    const { key, encode } = tables.get(collection)!
    const nth = (numbers.byTable.get(collection) ?? 0) + 1
    numbers.byTable.set(collection, nth)
    numbers.total++
    const shown = encode((after ?? before)!)
    const source = {
      version: 'strangler',
      connector: 'mariadb',
      name,
      ts_ms,
      snapshot: 'false',
      db,
      sequence: null,
      ts_us: ts_ms * 1_000,
      ts_ns: ts_ms * 1_000_000,
      table,
      server_id,
      gtid,
      file: '',
      pos: 0,
      row: change.order - 1,
      thread: null,
      query: null,
    }
    const value = {
      before: before === null ? null : encode(before),
      after: after === null ? null : encode(after),
      source,
      transaction: { id: gtid, total_order: numbers.total, data_collection_order: nth },
      op,
      ts_ms: now(),
    }
    return {
      topic: `${name}.${collection}`,
      key: JSON.stringify(Object.fromEntries(key.map(column => [column, shown[column]]))),
      value: JSON.stringify(value),
      headers: header === '' ? {} : { [header]: '{}' },
    }
  }

  const rowsOf = (change: Change, numbers: Numbers): DebeziumRecord[] => {
    const { db, table } = change.source
    const known = tables.get(`${db}.${table}`)
    if (known === undefined) return []
    const { op, before, after } = change
    const tombstone = (record: DebeziumRecord): DebeziumRecord => ({ ...record, value: null, headers: {} })
    const moves =
      before !== null &&
      after !== null &&
      keyText(keyOf(before, known.key)) !== keyText(keyOf(after, known.key))
    if (moves) {
      const gone = row(change, numbers, { op: 'd', before, after: null }, '__debezium.newkey')
      return [
        gone,
        tombstone(gone),
        row(change, numbers, { op: 'c', before: null, after }, '__debezium.oldkey'),
      ]
    }
    const record = row(change, numbers, { op, before, after }, '')
    return op === 'd' ? [record, tombstone(record)] : [record]
  }

  return ({ gtid, ts_ms, changes, complete }) => {
    const records: DebeziumRecord[] = []
    if (open?.gtid !== gtid) {
      open = { gtid, total: 0, byTable: new Map() }
      records.push(mark(gtid, ts_ms, undefined))
    }
    for (const change of changes) records.push(...rowsOf(change, open))
    if (complete) {
      records.push(mark(gtid, ts_ms, open))
      open = undefined
    }
    return records
  }
}
