import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { listParked, skipParked } from '../src/cdc/parked-decision.ts'
import { writeSignal } from '../src/cdc/signal-table.ts'
import type { Sync } from '../src/cdc/sync.ts'
import type { TableMapping } from '../src/data/table-mapping.ts'
import {
  connectOwner,
  createItemTables,
  itemMappings,
  openTestDatabases,
  serverPosition,
  syncOf,
  type TestDatabases,
} from './cdc-support.ts'

let databases: TestDatabases
let legacy: Connection
let extracted: Connection
let running: Sync[] = []
let names = 0

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  legacy = await connectOwner(databases, 'legacy')
  extracted = await connectOwner(databases, 'extracted')
})

afterEach(async () => {
  for (const sync of running) await sync.stop()
  running = []
  for (const table of ['ITEM_PART', 'ITEM_MST']) await legacy.query(`DELETE FROM ${table}`)
  for (const table of ['item_parts', 'items']) await extracted.query(`DELETE FROM ${table}`)
})

afterAll(async () => {
  await legacy.end()
  await extracted.end()
  await databases.close()
})

async function started(overrides: Parameters<typeof syncOf>[2] = {}): Promise<Sync> {
  const sync = syncOf(databases, `sync${++names}`, overrides)
  running.push(sync)
  await sync.start(await serverPosition(databases.admin))
  return sync
}

async function caughtUp(sync: Sync): Promise<void> {
  await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 10_000 })
}

async function rows(connection: Connection, table: string): Promise<RowDataPacket[]> {
  const [found] = await connection.query<RowDataPacket[]>(`SELECT * FROM ${table} ORDER BY 1`)
  return found
}

test('carries inserts, updates, deletes and key changes through the mapping, in order', async () => {
  const sync = await started()
  await legacy.query(`
    INSERT INTO ITEM_MST VALUES (1, 'Ärger 😀 \\\\ ''', 9007199254740993, '20240229', NULL, X'00FF27'),
      (2, 'two', 5, '20240101', '', NULL), (3, 'three', -150, '20240101', 'x ', X'');
    INSERT INTO ITEM_PART VALUES (1, 1, 'a'), (2, 2, 'b');
    UPDATE ITEM_MST SET PRICE = PRICE + 1 WHERE ITEM_NO = 1;
    UPDATE ITEM_MST SET ITEM_NO = 30 WHERE ITEM_NO = 3;
    DELETE FROM ITEM_PART WHERE PART_NO = 2;
    DELETE FROM ITEM_MST WHERE ITEM_NO = 2`)
  await caughtUp(sync)
  expect(await rows(extracted, 'items')).toEqual([
    {
      id: 1,
      name: "Ärger 😀 \\ '",
      price: '90071992547409.94',
      opened_on: '2024-02-29',
      note: null,
      raw: Buffer.from('00ff27', 'hex'),
    },
    { id: 30, name: 'three', price: '-1.50', opened_on: '2024-01-01', note: 'x ', raw: Buffer.alloc(0) },
  ])
  expect(await rows(extracted, 'item_parts')).toEqual([{ id: 1, item_id: 1, text: 'a' }])
  expect(sync.status()).toMatchObject({ running: true, error: null, parked: 0 })
})

test('never shows a part of a source transaction', async () => {
  const sync = await started()
  await legacy.query(
    "INSERT INTO ITEM_MST VALUES (1, 'one', 0, '20240101', NULL, NULL), (2, 'two', 100, '20240101', NULL, NULL)",
  )
  await caughtUp(sync)
  let torn = 0
  let looks = 0
  let writing = true
  const look = async () => {
    while (writing) {
      const [found] = await extracted.query<RowDataPacket[]>('SELECT SUM(price) total FROM items')
      looks++
      if (found[0]!.total !== '1.00') torn++
    }
  }
  const looking = look()
  for (let n = 0; n < 150; n++) {
    await legacy.query(
      'START TRANSACTION; UPDATE ITEM_MST SET PRICE = PRICE + 1 WHERE ITEM_NO = 1; UPDATE ITEM_MST SET PRICE = PRICE - 1 WHERE ITEM_NO = 2; COMMIT',
    )
  }
  await caughtUp(sync)
  writing = false
  await looking
  expect({ torn, looked: looks > 20 }).toEqual({ torn: 0, looked: true })
})

test('waits are over within milliseconds of the commit, and the lag is small', async () => {
  const sync = await started()
  const waits: number[] = []
  for (let n = 1; n <= 40; n++) {
    await legacy.query(`INSERT INTO ITEM_MST VALUES (${n}, 'x', 1, '20240101', NULL, NULL)`)
    const at = performance.now()
    await caughtUp(sync)
    waits.push(performance.now() - at)
  }
  waits.sort((a, b) => a - b)
  expect(waits[20]!).toBeLessThan(100)
  expect(sync.status()).toMatchObject({ positionsBehind: 0 })
})

test('a signal that was written on the source is awaited by its id, and known again after a restart', async () => {
  const sync = await started()
  const signal = {
    id: `fence-${names}`,
    side: 'legacy',
    capability: `sync${names}`,
    kind: 'fence',
    epoch: 1,
  } as const
  const waiting = sync.waitUntilApplied({ signalId: signal.id }, { timeoutMs: 10_000 })
  const position = await writeSignal(databases.legacy, signal)
  await waiting
  await sync.waitUntilApplied({ position, signalId: signal.id }, { timeoutMs: 10_000 })
  await sync.stop()
  await expect(sync.waitUntilApplied({ position }, { timeoutMs: 100 })).rejects.toMatchObject({
    code: 'SYNC_STOPPED',
  })
  await sync.start()
  await sync.waitUntilApplied({ signalId: signal.id }, { timeoutMs: 1_000 })
  await expect(sync.waitUntilApplied({ signalId: 'another' }, { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'SYNC_WAIT_TIMEOUT',
  })
})

test('a stopped sync writes no more, and starting again loses nothing', async () => {
  const sync = await started()
  await legacy.query("INSERT INTO ITEM_MST VALUES (1, 'one', 1, '20240101', NULL, NULL)")
  await caughtUp(sync)
  await sync.stop()
  await legacy.query("INSERT INTO ITEM_MST VALUES (2, 'two', 1, '20240101', NULL, NULL)")
  await new Promise(resolve => setTimeout(resolve, 100))
  expect(await rows(extracted, 'items')).toHaveLength(1)
  await sync.start('0-1-1')
  await caughtUp(sync)
  expect(await rows(extracted, 'items')).toHaveLength(2)
  expect([...sync.takeChangedKeys().keys.values()].flat()).toEqual([{ source: [2], target: [2] }])
})

test('a change that cannot be mapped stops the sync with its payload kept, and goes on once it can', async () => {
  let broken = true
  const [items, parts] = itemMappings
  const tables = [
    {
      ...items!,
      toExtracted: (row: Parameters<(typeof itemMappings)[0]['toExtracted']>[0]) => {
        if (broken && row.ITEM_NO === 7) throw new Error('no seven')
        return items!.toExtracted(row)
      },
    },
    parts!,
  ]
  const sync = await started({ tables })
  await legacy.query("INSERT INTO ITEM_MST VALUES (6, 'six', 1, '20240101', NULL, NULL)")
  await legacy.query("INSERT INTO ITEM_MST VALUES (7, 'seven', 1, '20240101', NULL, X'AB')")
  await legacy.query("INSERT INTO ITEM_MST VALUES (8, 'eight', 1, '20240101', NULL, NULL)")
  await expect(caughtUp(sync)).rejects.toMatchObject({ code: 'SYNC_STOPPED' })
  expect(sync.status()).toMatchObject({ running: false, error: { code: 'CHANGE_PARKED' } })
  expect((await rows(extracted, 'items')).map(row => row.id)).toEqual([6])
  const control = databases.legacy.controlSchema
  const [parked] = await databases.admin.query<RowDataPacket[]>(
    `SELECT source_table, payload, code, message, resolved_at FROM ${control}.parked_change WHERE capability = 'sync${names}'`,
  )
  expect(parked).toMatchObject([
    { source_table: 'ITEM_MST', code: 'MAPPING_FAILED', message: 'no seven', resolved_at: null },
  ])
  expect(JSON.parse(parked[0]!.payload)).toMatchObject({
    op: 'c',
    after: { ITEM_NO: 7, RAW: { base64: 'qw==' } },
  })
  broken = false
  await sync.start()
  expect(sync.status().parked).toBe(1)
  await caughtUp(sync)
  expect((await rows(extracted, 'items')).map(row => row.id)).toEqual([6, 7, 8])
  expect(sync.status()).toMatchObject({ running: true, parked: 0, error: null })
})

test('a parked change that is skipped for a reason is passed over, it alone, and stays skipped', async () => {
  const sync = await started()
  const capability = `sync${names}`
  await legacy.query(`START TRANSACTION; INSERT INTO ITEM_MST VALUES (1, 'one', 1, '20240101', NULL, NULL),
    (2, 'two', 1, '2024AB01', NULL, NULL), (3, 'three', 1, '20240101', NULL, NULL); COMMIT`)
  await expect(caughtUp(sync)).rejects.toMatchObject({ code: 'SYNC_STOPPED' })
  const [parked] = await listParked(databases.extracted, capability)
  expect(parked).toMatchObject({ code: 'DATABASE_1292', order: 2, attempts: 1 })
  const skip = (reason: string) =>
    skipParked(databases.extracted, capability, parked!.id, { by: 'ann', reason })
  await expect(skip(' ')).rejects.toMatchObject({ code: 'REASON_MISSING' })
  await skip('item 2 has no valid date; closed under ticket 7')
  await expect(skip('twice')).rejects.toMatchObject({ code: 'PARKED_UNKNOWN' })
  expect(await listParked(databases.extracted, capability)).toEqual([])
  await sync.start()
  await caughtUp(sync)
  expect((await rows(extracted, 'items')).map(row => row.id)).toEqual([1, 3])
  expect(sync.status()).toMatchObject({ running: true, parked: 0, error: null })
})

test('a value that the target refuses is parked with the server’s number', async () => {
  const sync = await started()
  await legacy.query("INSERT INTO ITEM_MST VALUES (1, 'one', 1, '20240101', NULL, NULL)")
  await legacy.query("INSERT INTO ITEM_MST VALUES (2, 'two', 1, '2024AB01', NULL, NULL)")
  await expect(caughtUp(sync)).rejects.toMatchObject({ code: 'SYNC_STOPPED' })
  expect((await rows(extracted, 'items')).map(row => row.id)).toEqual([1])
  const [parked] = await databases.admin.query<RowDataPacket[]>(
    `SELECT code FROM ${databases.legacy.controlSchema}.parked_change WHERE capability = 'sync${names}'`,
  )
  expect(parked).toEqual([{ code: 'DATABASE_1292' }])
})

test('keeps text keys and unique values apart in the order the source wrote them, behind or not', async () => {
  await legacy.query(
    `CREATE TABLE TERM (T VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY, U VARCHAR(20) UNIQUE)`,
  )
  await extracted.query(
    `CREATE TABLE terms (t VARCHAR(20) COLLATE utf8mb4_unicode_ci PRIMARY KEY, u VARCHAR(20) UNIQUE)`,
  )
  const terms: TableMapping = {
    legacy: { table: 'TERM', key: ['T'], columns: ['T', 'U'] },
    extracted: { table: 'terms', key: ['t'], columns: ['t', 'u'] },
    toExtracted: row => ({ t: row.T!, u: row.U! }),
    toLegacy: row => ({ T: row.t!, U: row.u! }),
  }
  const sync = await started({ tables: [terms] })
  await caughtUp(sync)
  await sync.stop()
  await legacy.query(`INSERT INTO TERM VALUES ('a', 'x'), ('b', 'y'), ('c', 'z')`)
  await legacy.query(`UPDATE TERM SET T = 'A' WHERE T = 'a'`)
  await legacy.query(`START TRANSACTION; UPDATE TERM SET U = NULL WHERE T = 'A'; UPDATE TERM SET U = 'x' WHERE T = 'b';
    UPDATE TERM SET U = 'y' WHERE T = 'A'; COMMIT`)
  await legacy.query(`DELETE FROM TERM WHERE T = 'c'; INSERT INTO TERM VALUES ('C', 'w'), ('d', 'z')`)
  await sync.start()
  await caughtUp(sync)
  expect(sync.status()).toMatchObject({ running: true, error: null })
  expect(await rows(extracted, 'terms')).toEqual([
    { t: 'A', u: 'y' },
    { t: 'b', u: 'x' },
    { t: 'C', u: 'w' },
    { t: 'd', u: 'z' },
  ])
})
