import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { backfill } from '../src/cdc/backfill.ts'
import type { Sync } from '../src/cdc/sync.ts'
import { verify } from '../src/cdc/verify.ts'
import type { TableMapping } from '../src/data/table-mapping.ts'
import {
  connectOwner,
  openTestDatabases,
  serverPosition,
  silent,
  syncOf,
  type TestDatabases,
} from './cdc-support.ts'

/** Two legacy tables, one extracted row: whoever has no address has no row of ADDR, and no city. */
const people: TableMapping = {
  legacy: { table: 'PERSON', key: ['NO'], columns: ['NO', 'NM'] },
  extracted: { table: 'people', key: ['id'], columns: ['id', 'name'] },
  toExtracted: row => ({ id: row.NO!, name: row.NM! }),
  toLegacy: row => ({ NO: row.id!, NM: row.name! }),
}
const cities: TableMapping = {
  legacy: { table: 'ADDR', key: ['PERSON_NO'], columns: ['PERSON_NO', 'CITY'] },
  extracted: { table: 'people', key: ['id'], columns: ['id', 'city'], rows: 'foreign' },
  toExtracted: row => ({ id: row.PERSON_NO!, city: row.CITY! }),
  toLegacy: row => (row.city === null ? null : { PERSON_NO: row.id!, CITY: row.city! }),
}
const tables = [people, cities]
const signal = new AbortController().signal

let databases: TestDatabases
let legacy: Connection
let extracted: Connection
let sync: Sync | undefined

beforeAll(async () => {
  databases = await openTestDatabases()
  legacy = await connectOwner(databases, 'legacy')
  extracted = await connectOwner(databases, 'extracted')
  await legacy.query(`CREATE TABLE PERSON (NO INT PRIMARY KEY, NM VARCHAR(40) NOT NULL);
    CREATE TABLE ADDR (PERSON_NO INT PRIMARY KEY, CITY VARCHAR(40) NOT NULL, FOREIGN KEY (PERSON_NO) REFERENCES PERSON (NO));
    INSERT INTO PERSON VALUES (1, 'Ada'), (2, 'Bea'), (3, 'Cleo'); INSERT INTO ADDR VALUES (1, 'Aachen'), (3, 'Celle')`)
  await extracted.query(
    'CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, city VARCHAR(40) NULL)',
  )
})
afterAll(async () => {
  await sync?.stop()
  await legacy?.end()
  await extracted?.end()
  await databases?.close()
})

async function rows(connection: Connection, sql: string): Promise<unknown[][]> {
  const [found] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true })
  return found as unknown as unknown[][]
}
const copies = () => rows(extracted, 'SELECT id, name, city FROM people ORDER BY id')
const originals = () =>
  rows(legacy, 'SELECT NO, NM, CITY FROM PERSON LEFT JOIN ADDR ON PERSON_NO = NO ORDER BY NO')

async function settled(direction: 'forward' | 'reverse'): Promise<void> {
  await sync!.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 10_000 })
  expect(await copies()).toEqual(await originals())
  const sides = { source: databases.legacy, target: databases.extracted }
  const { ok } = await verify({
    direction,
    tables,
    ...(direction === 'forward' ? sides : { source: sides.target, target: sides.source }),
    sync: sync!,
    clock: systemClock,
    signal,
  })
  expect(ok).toBe(true)
}

test('one row is put together from two tables: copied, followed, and found to differ', async () => {
  const { position } = await backfill({
    capability: 'people',
    direction: 'forward',
    tables,
    source: databases.legacy,
    target: databases.extracted,
    epoch: 1,
    log: silent,
    clock: systemClock,
    signal,
    onProgress: () => {},
  })
  expect(await copies()).toEqual(await originals())
  sync = syncOf(databases, 'people', { tables })
  await sync.start(position)
  await legacy.query(`START TRANSACTION; INSERT INTO PERSON VALUES (4, 'Dora'); INSERT INTO ADDR VALUES (4, 'Düren'); COMMIT;
    INSERT INTO ADDR VALUES (2, 'Bonn'); UPDATE ADDR SET CITY = 'Köln' WHERE PERSON_NO = 1; DELETE FROM ADDR WHERE PERSON_NO = 3;
    UPDATE PERSON SET NM = 'Béa' WHERE NO = 2`)
  await settled('forward')
  await extracted.query("UPDATE people SET city = 'nirgends' WHERE id = 3")
  const found = await verify({
    direction: 'forward',
    tables,
    source: databases.legacy,
    target: databases.extracted,
    sync,
    clock: systemClock,
    signal,
  })
  expect(found.samples).toMatchObject([{ table: 'ADDR', kind: 'extra', key: { id: 3 } }])
  await extracted.query('UPDATE people SET city = NULL WHERE id = 3')
  await sync.stop()
})

test('and taken apart again on the way back', async () => {
  sync = syncOf(databases, 'people', { tables, direction: 'reverse', epoch: 2 })
  await sync.start(await serverPosition(databases.admin))
  await extracted.query(`INSERT INTO people VALUES (5, 'Eva', 'Essen'), (6, 'Fee', NULL);
    UPDATE people SET city = NULL WHERE id = 1; UPDATE people SET city = 'Celle' WHERE id = 3; UPDATE people SET name = 'D.' WHERE id = 4;
    DELETE FROM people WHERE id = 2`)
  await settled('reverse')
  expect(await rows(legacy, 'SELECT PERSON_NO FROM ADDR ORDER BY 1')).toEqual([[3], [4], [5]])
})
