import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { createBinlogSource } from '../src/cdc/binlog-source.ts'
import type { Change } from '../src/cdc/change.ts'
import { connectApplier, connectToolkit, schemaOf } from '../src/data/database.ts'
import { literal } from '../src/data/sql-text.ts'
import type { Row } from '../src/data/table-mapping.ts'
import { readTableShape, selectColumns } from '../src/data/table-shape.ts'
import { connectOwner, openTestDatabases, serverPosition, type TestDatabases } from './cdc-support.ts'
import { values } from './cdc-type-values.ts'

let databases: TestDatabases
let owner: Connection

beforeAll(async () => {
  databases = await openTestDatabases()
  owner = await connectOwner(databases, 'legacy')
})

afterAll(async () => {
  await owner.end()
  await databases.close()
})

const zeroDates: Record<string, string[]> = {
  DATE: ["'0000-00-00'"],
  DATETIME: ["'0000-00-00 00:00:00'"],
  'DATETIME(6)': ["'2024-00-00 00:00:00'"],
}

test.each([
  ['every type', values],
  ['zero dates', zeroDates],
])(
  'the binlog and a SELECT give the same values, and what is written again is the same: %s',
  async (_name, table) => {
    const types = Object.entries(table)
    const columns = types.map((_, index) => `c${index}`)
    const ddl = types.map(([type], index) => `c${index} ${type} NULL`).join(', ')
    await owner.query("SET sql_mode = 'NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'")
    await owner.query(`DROP TABLE IF EXISTS odd, again;
    CREATE TABLE odd (id INT PRIMARY KEY, ${ddl}); CREATE TABLE again (id INT PRIMARY KEY, ${ddl})`)
    const from = await serverPosition(databases.admin)
    const height = Math.max(...types.map(([, list]) => list.length))
    for (let row = 0; row <= height; row++)
      await owner.query(
        `INSERT INTO odd VALUES (${row}, ${types.map(([, list]) => list[row] ?? 'NULL').join(', ')})`,
      )

    const streamed = (await readChanges(from, ['id', ...columns], height + 1)).map(change => change.after)
    const toolkit = await connectToolkit(databases.legacy)
    const select = async (name: string): Promise<Row[]> => {
      const shape = await readTableShape(toolkit, schemaOf(databases.legacy), name)
      const [rows] = await toolkit.query<RowDataPacket[]>(
        `${selectColumns(shape!, ['id', ...columns])} ORDER BY id`,
      )
      return rows as Row[]
    }
    expect(named(streamed as Row[], types)).toEqual(named(await select('odd'), types))

    const applier = await connectApplier(databases.legacy, 'forward')
    for (const row of streamed as Row[])
      await applier.query(`INSERT INTO again VALUES (${Object.values(row).map(literal).join(',')})`)
    expect(named(await select('again'), types)).toEqual(named(await select('odd'), types))
    await toolkit.end()
    await applier.end()
  },
)

/** Rows with their types as names, so that a difference says which type. */
function named(rows: readonly Row[], types: readonly [string, string[]][]): unknown[] {
  return rows.map(row => types.map(([type], index) => [type, row[`c${index}`]]))
}

async function readChanges(from: string, columns: string[], count: number): Promise<Change[]> {
  const source = createBinlogSource({
    database: databases.legacy,
    serverId: 700_000 + Math.floor(Math.random() * 100_000),
    captured: new Map([[schemaOf(databases.legacy), new Map([['odd', columns]])]]),
  })
  const changes: Change[] = []
  const done = new AbortController()
  for await (const transaction of source.read(from, done.signal)) {
    changes.push(...transaction.changes)
    if (changes.length >= count) break
  }
  done.abort()
  return changes
}
