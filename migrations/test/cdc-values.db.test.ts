import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { createBinlogSource } from '../src/cdc/binlog-source.ts'
import type { Change } from '../src/cdc/change.ts'
import { connectApplier, connectToolkit, schemaOf } from '../src/data/database.ts'
import { literal } from '../src/data/sql-text.ts'
import type { Row } from '../src/data/table-mapping.ts'
import { readTableShape, selectColumns } from '../src/data/table-shape.ts'
import { connectOwner, openTestDatabases, serverPosition, type TestDatabases } from './cdc-support.ts'

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

/** Type → values as SQL; every one goes in, and must come out of binlog and SELECT alike, and go in again unchanged. */
const values: Record<string, string[]> = {
  'TINYINT(1)': ['0', '1', '-128', '127'],
  'TINYINT UNSIGNED': ['255'],
  'SMALLINT UNSIGNED': ['65535'],
  SMALLINT: ['-32768'],
  'MEDIUMINT UNSIGNED': ['16777215'],
  MEDIUMINT: ['-8388608', '-1'],
  'INT UNSIGNED': ['4294967295'],
  INT: ['-2147483648', '0'],
  'BIGINT UNSIGNED': ['18446744073709551615', '9007199254740991', '9007199254740992'],
  BIGINT: ['-9223372036854775808', '9223372036854775807', '-9007199254740993', '-1'],
  'DECIMAL(20,4)': ['-1234567890123456.7891', '0', '-0.0001', '0.5'],
  'DECIMAL(65,30)': ['12345678901234567890123456789012345.123456789012345678901234567890'],
  'DECIMAL(5,0)': ['-99999'],
  FLOAT: ['1.1', '16777217', '-0.1', '3.4e38', '1e-38'],
  DOUBLE: ['0.1', '-1.7976931348623157e308', '5e-324', '123456789.12345678'],
  'BIT(1)': ["b'1'"],
  'BIT(10)': ["b'1000000001'"],
  DATE: ["'2024-02-29'", "'1000-01-01'", "'9999-12-31'"],
  DATETIME: ["'2024-02-29 23:59:59'", "'1000-01-01 00:00:00'"],
  'DATETIME(3)': ["'2024-02-29 12:34:56.007'"],
  'DATETIME(6)': ["'2024-02-29 12:34:56.000001'", "'9999-12-31 23:59:59.999999'"],
  TIMESTAMP: ["'2024-03-31 02:30:00'", "'1970-01-01 00:00:01'"],
  'TIMESTAMP(6)': ["'2038-01-19 03:14:07.999999'"],
  TIME: ["'-838:59:59'", "'00:00:00'", "'-00:00:01'"],
  'TIME(6)': ["'838:59:59.000001'", "'-12:34:56.000001'", "'-00:00:00.500000'"],
  YEAR: ['1901', '2155'],
  'CHAR(8)': ["'20240229'", "''", "'a  '", "'  a'"],
  'VARCHAR(80)': ["''", "'a '", "'😀 \\\\ '' \" \\n\\r\\t'", "'a\\0b'", "'ß ﬃ é'"],
  'VARCHAR(80) CHARACTER SET latin1': ["'é € ÿ'"],
  'VARCHAR(300) CHARACTER SET ucs2': ["'é中'"],
  TEXT: ["REPEAT('ä', 20000)", "''"],
  LONGTEXT: ["'x'"],
  'BINARY(4)': ["X'01'", "X'00000000'", "X'FF00'"],
  'VARBINARY(300)': ["X'00FF0000'", "X''", "X'2720'"],
  BLOB: ["X'00'", "X''"],
  "ENUM('a','b,c','d''e')": ["'a'", "'b,c'", "'d''e'"],
  "SET('x','y','z')": ["'x,z'", "''"],
  JSON: ['\'{"a": [1, 2.50, "é"]}\''],
  UUID: ["'123e4567-e89b-12d3-a456-426614174000'", "'00000000-0000-0000-0000-000000000000'"],
  INET4: ["'192.0.2.1'", "'0.0.0.0'"],
  INET6: [
    "'2001:db8::ff00:42:8329'",
    "'::'",
    "'::1'",
    "'::ffff:192.0.2.1'",
    "'::192.0.2.1'",
    "'1:0:0:2:0:0:0:3'",
    "'2001:db8:0:1:1:1:1:1'",
    "'fe80::'",
  ],
}

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
