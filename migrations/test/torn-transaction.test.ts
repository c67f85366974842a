import { expect, test } from '@jest/globals'
import type { Transaction } from '../src/cdc/change.ts'
import { mergeTransactions } from '../src/cdc/debezium-transactions.ts'
import type { TopicReader } from '../src/cdc/topic-reader.ts'
import { recordsAsTopic } from './topic-kit.ts'

const topic = (name: string, values: readonly object[]): TopicReader =>
  recordsAsTopic(
    name,
    values.map(value => ({ value: JSON.stringify(value), headers: {} })),
  )

const begin = (id: string) => ({ status: 'BEGIN', id, data_collections: null, ts_ms: 1 })
const end = (id: string, counts: Record<string, number>) => ({
  status: 'END',
  id,
  ts_ms: 1,
  data_collections: Object.entries(counts).map(([data_collection, event_count]) => ({
    data_collection,
    event_count,
  })),
})
/** @param nth of the table in this sending, @param total of the transaction in this sending */
const row = (id: string, table: string, pos: number, nth: number, total: number, value = pos) => ({
  op: 'c',
  before: null,
  after: { id: value },
  source: { db: 's', table, gtid: id, server_id: 1, ts_ms: 1, file: 'b.000009', pos, row: 0 },
  transaction: { id, total_order: total, data_collection_order: nth },
})

async function merged(markers: readonly object[], tables: Record<string, readonly object[]>) {
  const readers = Object.entries(tables).map(([name, rows]) => topic(`p.s.${name}`, rows))
  const captured = new Map(
    readers.map(reader => {
      const collection = reader.topic.slice(2)
      return [collection, { collection, exact: false, reader, decode: (of: object) => of as { id: number } }]
    }),
  )
  const found: Transaction[] = []
  const reading = mergeTransactions({
    from: '0-1-9',
    ignoredDomain: 4242,
    transactions: topic('p.transaction', markers),
    captured,
    ends: async () =>
      new Map(Object.entries(tables).map(([name, rows]) => [`p.s.${name}`, [BigInt(rows.length)]])),
    signal: new AbortController().signal,
  })
  await expect(async () => {
    for await (const transaction of reading) found.push(transaction)
  }).rejects.toThrow('p.transaction has no more')
  return found.map(({ gtid, changes }) => [
    gtid,
    changes.map(({ source, after }) => `${source.table}${after!.id}`),
  ])
}

test('a transaction begun again in its middle has every row once, in the order of the binlog', async () => {
  const id = '0-1-10'
  const found = await merged(
    [begin(id), begin(id), end(id, { 's.a': 2, 's.b': 1 }), begin('0-1-11'), end('0-1-11', { 's.a': 1 })],
    {
      // sent before the restart: a1 b2 a3 b4; again from a3 on: a3 b4 a5
      a: [
        row(id, 'a', 1, 1, 1),
        row(id, 'a', 3, 2, 3),
        row(id, 'a', 3, 1, 1),
        row(id, 'a', 5, 2, 3),
        row('0-1-11', 'a', 7, 1, 1),
      ],
      b: [row(id, 'b', 2, 1, 2), row(id, 'b', 4, 2, 4), row(id, 'b', 4, 1, 2)],
    },
  )
  expect(found).toEqual([
    [id, ['a1', 'b2', 'a3', 'b4', 'a5']],
    ['0-1-11', ['a7']],
  ])
})

test('a table that only the first sending has is not forgotten', async () => {
  const id = '0-1-10'
  const found = await merged([begin(id), begin(id), begin(id), end(id, { 's.a': 1 })], {
    a: [row(id, 'a', 3, 1, 2), row(id, 'a', 3, 1, 1), row(id, 'a', 5, 1, 1)],
    b: [row(id, 'b', 1, 1, 1), row(id, 'b', 2, 2, 2)],
  })
  expect(found).toEqual([[id, ['b1', 'b2', 'a3', 'a5']]])
})

test('a transaction that was sent twice as a whole is applied once', async () => {
  const id = '0-1-10'
  const twice = [row(id, 'a', 1, 1, 1), row(id, 'a', 2, 2, 2)]
  const found = await merged([begin(id), end(id, { 's.a': 2 }), begin(id), end(id, { 's.a': 2 })], {
    a: [...twice, ...twice],
  })
  expect(found).toEqual([[id, ['a1', 'a2']]])
})

test('waits for the rest of the last sending, which a broker may show later than its end', async () => {
  const id = '0-1-10'
  await expect(
    merged([begin(id), begin(id), end(id, { 's.a': 2 })], {
      a: [row(id, 'a', 1, 1, 1), row(id, 'a', 2, 2, 2), row(id, 'a', 3, 3, 3), row(id, 'a', 3, 1, 1)],
    }),
  ).rejects.toThrow('p.s.a has no more')
})
