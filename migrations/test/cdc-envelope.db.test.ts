import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Connection } from 'mysql2/promise'
import { createBinlogSource } from '../src/cdc/binlog-source.ts'
import type { Transaction } from '../src/cdc/change.ts'
import { jsonRowDecoder, parseExactJson } from '../src/cdc/debezium-decoder.ts'
import { jsonRowEncoder } from '../src/cdc/debezium-encoder.ts'
import { type DebeziumRecord, debeziumRecords } from '../src/cdc/debezium-records.ts'
import { mergeTransactions } from '../src/cdc/debezium-transactions.ts'
import { covers, parsePosition } from '../src/cdc/gtid-position.ts'
import { connectToolkit, schemaOf } from '../src/data/database.ts'
import { requireTableShape, type TableShape } from '../src/data/table-shape.ts'
import { connectOwner, openTestDatabases, serverPosition, type TestDatabases } from './cdc-support.ts'
import { values } from './cdc-type-values.ts'
import { recordsAsTopic } from './topic-kit.ts'

/** Debezium damages these, so its reader refuses them. */
const refused = ['UUID', 'INET4', 'INET6']
const types = Object.entries(values).filter(([type]) => !refused.includes(type))

let databases: TestDatabases
let owner: Connection
let schema: string
let shapes: Map<string, TableShape>

beforeAll(async () => {
  databases = await openTestDatabases()
  schema = schemaOf(databases.legacy)
  owner = await connectOwner(databases, 'legacy')
  const ddl = types.map(([type], index) => `c${index} ${type} NULL`).join(', ')
  await owner.query(`SET sql_mode = 'NO_ENGINE_SUBSTITUTION', time_zone = '+00:00';
    CREATE TABLE odd (id INT PRIMARY KEY, ${ddl});
    CREATE TABLE parent (id BIGINT PRIMARY KEY, v VARCHAR(300))`)
  const toolkit = await connectToolkit(databases.legacy)
  shapes = new Map()
  for (const table of ['odd', 'parent']) shapes.set(table, await requireTableShape(toolkit, schema, table))
  await toolkit.end()
})
afterAll(async () => {
  await owner?.end()
  await databases?.close()
})

const columnsOf = (table: string) => shapes.get(table)!.columns.map(({ name }) => name)

/** What the binlog has of the two tables, without what other tests wrote meanwhile. */
async function read(from: string, count: number): Promise<Transaction[]> {
  const captured = new Map([[schema, new Map([...shapes.keys()].map(table => [table, columnsOf(table)]))]])
  const source = createBinlogSource({ database: databases.legacy, captured, serverId: 90_210 })
  const leaving = new AbortController()
  const until = parsePosition(await serverPosition(databases.admin))
  const found: Transaction[] = []
  for await (const transaction of source.read(from, leaving.signal)) {
    if (transaction.changes.length > 0) found.push(transaction)
    if (found.length >= count || covers(parsePosition(transaction.position), until)) break
  }
  leaving.abort()
  return found
}

function records(transactions: readonly Transaction[]): DebeziumRecord[] {
  const tables = new Map(
    [...shapes].map(([table, shape]) => [
      `${schema}.${table}`,
      { key: ['id'], encode: jsonRowEncoder(shape, columnsOf(table)) },
    ]),
  )
  return transactions.flatMap(debeziumRecords('pfx', tables, () => 1_700_000_000_000))
}

test('every value goes through the envelope and comes out as it was', async () => {
  const from = await serverPosition(databases.admin)
  const height = Math.max(...types.map(([, list]) => list.length))
  for (let row = 0; row <= height; row++)
    await owner.query(
      `INSERT INTO odd VALUES (${row}, ${types.map(([, list]) => list[row] ?? 'NULL').join(', ')})`,
    )
  const transactions = await read(from, height + 1)
  const decode = jsonRowDecoder(shapes.get('odd')!, columnsOf('odd'))
  const sent = records(transactions).filter(({ topic }) => topic === `pfx.${schema}.odd`)
  const rows = sent.map(({ value }) => decode((parseExactJson(value!) as { after: never }).after))
  expect(rows).toEqual(transactions.flatMap(({ changes }) => changes.map(({ after }) => after)))
  expect(rows).toHaveLength(height + 1)
})

test("a reader of Debezium's topics puts the same transactions together", async () => {
  const from = await serverPosition(databases.admin)
  await owner.query(`BEGIN; INSERT INTO parent VALUES (1, 'a'), (2, 'b'); UPDATE parent SET v = 'c' WHERE id = 1; COMMIT;
    UPDATE parent SET id = 9007199254740993 WHERE id = 2; DELETE FROM parent WHERE id = 1`)
  const transactions = await read(from, 3)
  const sent = records(transactions)
  const of = (topic: string) =>
    recordsAsTopic(
      topic,
      sent.filter(record => record.topic === topic),
    )
  const parent = of(`pfx.${schema}.parent`)
  const [first] = transactions
  const before = first!.gtid.replace(/\d+$/, last => String(BigInt(last) - 1n))
  const found: Transaction[] = []
  const reading = mergeTransactions({
    from: before,
    ignoredDomain: 4242,
    transactions: of('pfx.transaction'),
    captured: new Map([
      [
        `${schema}.parent`,
        {
          collection: `${schema}.parent`,
          exact: true,
          reader: parent,
          decode: jsonRowDecoder(shapes.get('parent')!, columnsOf('parent')),
        },
      ],
    ]),
    ends: async () => new Map(),
    signal: new AbortController().signal,
  })
  for await (const transaction of reading) {
    found.push(transaction)
    if (found.length === transactions.length) break
  }
  const brief = (all: readonly Transaction[]) =>
    all.map(({ gtid, changes }) => [gtid, changes.map(({ op, before: old, after }) => [op, old, after])])
  expect(brief(found)).toEqual(brief(transactions))
})

test('a deleted row is followed by its tombstone, under one key', async () => {
  const from = await serverPosition(databases.admin)
  await owner.query(`INSERT INTO parent VALUES (70, NULL); DELETE FROM parent WHERE id = 70`)
  const sent = records(await read(from, 2)).filter(({ topic }) => topic.endsWith('.parent'))
  expect(sent.map(({ key, value }) => [key, value === null ? null : JSON.parse(value).op])).toEqual([
    ['{"id":70}', 'c'],
    ['{"id":70}', 'd'],
    ['{"id":70}', null],
  ])
})
