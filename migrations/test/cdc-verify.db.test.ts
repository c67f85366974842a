import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import type { Connection } from 'mysql2/promise'
import { backfill } from '../src/cdc/backfill.ts'
import { type VerifyOptions, type VerifyResult, verify } from '../src/cdc/verify.ts'
import type { TableMapping } from '../src/data/table-mapping.ts'
import {
  connectOwner,
  createItemTables,
  itemMappings,
  openTestDatabases,
  serverPosition,
  silent,
  startWriters,
  syncOf,
  type TestDatabases,
} from './cdc-support.ts'

let databases: TestDatabases
let legacy: Connection
let extracted: Connection
let position: string
let names = 0

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  legacy = await connectOwner(databases, 'legacy')
  extracted = await connectOwner(databases, 'extracted')
  await legacy.query(`
    INSERT INTO ITEM_MST SELECT seq, CONCAT('Item ', seq), seq * 3, '20240229', IF(seq % 2 = 0, '', 'note'), X'00FF' FROM seq_1_to_11000;
    INSERT INTO ITEM_PART (ITEM_NO, PART_TXT) SELECT seq, CONCAT('p', seq) FROM seq_1_to_300`)
  const copied = await backfill({
    capability: 'verify',
    direction: 'forward',
    tables: itemMappings,
    source: databases.legacy,
    target: databases.extracted,
    epoch: 1,
    log: silent,
    clock: systemClock,
    signal: new AbortController().signal,
    onProgress: () => {},
  })
  position = copied.position
  await extracted.query(
    'CREATE TABLE items_0 AS SELECT * FROM items; CREATE TABLE item_parts_0 AS SELECT * FROM item_parts',
  )
})

/** The copy as it was. */
async function mend(): Promise<void> {
  await extracted.query(`SET foreign_key_checks = 0;
    TRUNCATE items; TRUNCATE item_parts;
    INSERT INTO items SELECT * FROM items_0; INSERT INTO item_parts SELECT * FROM item_parts_0;
    SET foreign_key_checks = 1`)
}

beforeEach(() => {
  names++
})

afterEach(mend)

afterAll(async () => {
  await legacy.end()
  await extracted.end()
  await databases.close()
})

function check(overrides: Partial<VerifyOptions> = {}): Promise<VerifyResult> {
  return verify({
    direction: 'forward',
    tables: itemMappings,
    source: databases.legacy,
    target: databases.extracted,
    sync: null,
    clock: systemClock,
    signal: new AbortController().signal,
    ...overrides,
  })
}

test('equal sides are equal, in both directions', async () => {
  expect(await check()).toMatchObject({
    ok: true,
    samples: [],
    tables: [
      { table: 'ITEM_MST', rows: 11_000, missing: 0, extra: 0, different: 0 },
      { table: 'ITEM_PART', rows: 300 },
    ],
  })
  const back = await check({ direction: 'reverse', source: databases.extracted, target: databases.legacy })
  expect(back).toMatchObject({
    ok: true,
    tables: [{ table: 'items', rows: 11_000 }, { table: 'item_parts' }],
  })
})

test.each([
  ['a missing row', 'DELETE FROM items WHERE id = 7000', { missing: 1 }, []],
  [
    'a missing first row',
    'DELETE FROM item_parts WHERE item_id = 1; DELETE FROM items WHERE id = 1',
    { missing: 1 },
    [],
  ],
  ['a missing last row', 'DELETE FROM items WHERE id = 11000', { missing: 1 }, []],
  [
    'an extra row behind the last',
    "INSERT INTO items VALUES (11001, 'x', 1, '2024-01-01', NULL, NULL)",
    { extra: 1 },
    [],
  ],
  [
    'an extra row before the first',
    "INSERT INTO items VALUES (-5, 'x', 1, '2024-01-01', NULL, NULL)",
    { extra: 1 },
    [],
  ],
  ['a row under another key', 'UPDATE items SET id = 20000 WHERE id = 6000', { missing: 1, extra: 1 }, []],
  ['a changed byte', "UPDATE items SET raw = X'00FE' WHERE id = 5000", { different: 1 }, ['raw']],
  ['a byte cut off', "UPDATE items SET raw = X'00' WHERE id = 5000", { different: 1 }, ['raw']],
  ['a byte added', "UPDATE items SET raw = X'00FF00' WHERE id = 5000", { different: 1 }, ['raw']],
  ["NULL for ''", 'UPDATE items SET note = NULL WHERE id = 5000', { different: 1 }, ['note']],
  ["'' for a value", "UPDATE items SET note = '' WHERE id = 5001", { different: 1 }, ['note']],
  ['the text NULL', "UPDATE items SET note = 'NULL' WHERE id = 5000", { different: 1 }, ['note']],
  ['a trailing space', "UPDATE items SET name = 'Item 5000 ' WHERE id = 5000", { different: 1 }, ['name']],
  ['another case', "UPDATE items SET name = 'item 5000' WHERE id = 5000", { different: 1 }, ['name']],
  ['another accent', "UPDATE items SET name = 'Ítem 5000' WHERE id = 5000", { different: 1 }, ['name']],
  [
    'a look-alike character',
    "UPDATE items SET name = 'Item\\u00a05000' WHERE id = 5000",
    { different: 1 },
    ['name'],
  ],
  ['a cent', 'UPDATE items SET price = price + 0.01 WHERE id = 5000', { different: 1 }, ['price']],
  ['a day', "UPDATE items SET opened_on = '2024-03-01' WHERE id = 5000", { different: 1 }, ['opened_on']],
  [
    'two columns',
    "UPDATE items SET name = 'x', price = 0 WHERE id = 11000",
    { different: 1 },
    ['name', 'price'],
  ],
  [
    'values of two rows exchanged',
    "UPDATE items SET name = IF(id = 3, 'Item 4', 'Item 3') WHERE id IN (3, 4)",
    { different: 2 },
    ['name'],
  ],
])('finds %s', async (_name, corruption, counts, columns) => {
  await extracted.query(corruption)
  const result = await check()
  expect(result.ok).toBe(false)
  expect(result.tables[0]).toEqual({
    table: 'ITEM_MST',
    rows: 11_000,
    missing: 0,
    extra: 0,
    different: 0,
    ...counts,
  })
  expect([...new Set(result.samples.flatMap(sample => sample.columns))]).toEqual(columns)
})

test('finds a child row under another parent, and a whole table gone', async () => {
  await extracted.query('UPDATE item_parts SET item_id = 2 WHERE item_id = 1')
  expect((await check()).tables[1]).toMatchObject({ table: 'ITEM_PART', different: 1 })
  await extracted.query('DELETE FROM item_parts')
  const result = await check()
  expect(result.tables[1]).toMatchObject({ missing: 300 })
  expect(result.samples).toHaveLength(20)
})

test('covers every key though the sides sort text keys differently', async () => {
  await legacy.query(`CREATE OR REPLACE TABLE WORDS (W VARCHAR(40) COLLATE utf8mb4_bin PRIMARY KEY, N INT);
    INSERT INTO WORDS SELECT CONCAT(CHAR(65 + seq % 26), CHAR(97 + seq * 7 % 26), IF(seq % 3 = 0, 'ß', 'é'), seq), seq FROM seq_1_to_12000`)
  await extracted.query(
    `CREATE OR REPLACE TABLE words (w VARCHAR(40) COLLATE utf8mb4_unicode_ci PRIMARY KEY, n INT);
    INSERT INTO words SELECT * FROM ${new URL(databases.legacy.toolkitUrl).pathname.slice(1)}.WORDS`.replace(
      /INSERT[\s\S]*/,
      '',
    ),
  )
  await databases.admin.query(
    `INSERT INTO ${new URL(databases.extracted.toolkitUrl).pathname.slice(1)}.words SELECT * FROM ${new URL(databases.legacy.toolkitUrl).pathname.slice(1)}.WORDS`,
  )
  const words: TableMapping = {
    legacy: { table: 'WORDS', key: ['W'], columns: ['W', 'N'] },
    extracted: { table: 'words', key: ['w'], columns: ['w', 'n'] },
    toExtracted: row => ({ w: row.W!, n: row.N! }),
    toLegacy: row => ({ W: row.w!, N: row.n! }),
  }
  expect(await check({ tables: [words] })).toMatchObject({ ok: true, tables: [{ rows: 12_000 }] })
  await extracted.query(
    "UPDATE words SET w = CONCAT(w, ' ') WHERE n = 77; INSERT INTO words VALUES ('zzzz', 0), ('', 0); DELETE FROM words WHERE n = 5000",
  )
  expect((await check({ tables: [words] })).tables[0]).toMatchObject({ missing: 2, extra: 3, different: 0 })
})

test('raises no false alarm while rows are on their way, and still finds what is lost', async () => {
  const sync = syncOf(databases, `verify${names}`)
  await sync.start(position)
  const writers = startWriters(databases, 3)
  const clean = await check({ sync })
  await databases.admin.query(
    `DELETE FROM ${new URL(databases.extracted.toolkitUrl).pathname.slice(1)}.items WHERE id = 10999`,
  )
  const damaged = await check({ sync })
  await writers.stop()
  await sync.stop()
  expect(clean).toMatchObject({ ok: true, samples: [] })
  expect(damaged.tables[0]).toMatchObject({ missing: 1, extra: 0, different: 0 })
})

test('compares only the rows that were changed since, when told so', async () => {
  const sync = syncOf(databases, `verify${names}`)
  await sync.start(position)
  await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 10_000 })
  sync.takeChangedKeys()
  await legacy.query(`UPDATE ITEM_MST SET PRICE = 1 WHERE ITEM_NO IN (500, 501);
    DELETE FROM ITEM_MST WHERE ITEM_NO = 502; UPDATE ITEM_MST SET ITEM_NO = 30000 WHERE ITEM_NO = 503`)
  await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 10_000 })
  await sync.stop()
  await extracted.query(`UPDATE items SET price = 2 WHERE id IN (501, 9000);
    INSERT INTO items VALUES (502, 'undead', 1, '2024-01-01', NULL, NULL), (503, 'undead', 1, '2024-01-01', NULL, NULL)`)
  const only = sync.takeChangedKeys()
  expect(only.complete).toBe(true)
  const result = await check({ only })
  expect(result.tables[0]).toMatchObject({ rows: 5, missing: 0, extra: 2, different: 1 })
})
