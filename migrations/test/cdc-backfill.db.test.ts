import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { type BackfillOptions, backfill, clearBackfill } from '../src/cdc/backfill.ts'
import { covers, parsePosition } from '../src/cdc/gtid-position.ts'
import { verify } from '../src/cdc/verify.ts'
import {
  compareSides,
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
let names = 0

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  legacy = await connectOwner(databases, 'legacy')
  extracted = await connectOwner(databases, 'extracted')
})

afterEach(async () => {
  await legacy.query('DELETE FROM ITEM_PART; DELETE FROM ITEM_MST')
  await extracted.query('DELETE FROM item_parts; DELETE FROM items')
})

afterAll(async () => {
  await legacy.end()
  await extracted.end()
  await databases.close()
})

async function fillLegacy(items: number): Promise<void> {
  await legacy.query(
    `INSERT INTO ITEM_MST SELECT seq, CONCAT('item ', seq), seq * 3, '20240229', IF(seq % 7 = 0, NULL, CONCAT('n', seq)), IF(seq % 5 = 0, X'00FF', NULL) FROM seq_1_to_${items}`,
  )
  await legacy.query(
    `INSERT INTO ITEM_PART (ITEM_NO, PART_TXT) SELECT 1 + seq % ${items}, CONCAT('p', seq) FROM seq_1_to_${items}`,
  )
}

function options(overrides: Partial<BackfillOptions> = {}): BackfillOptions {
  return {
    capability: `copy${names}`,
    direction: 'forward',
    tables: itemMappings,
    source: databases.legacy,
    target: databases.extracted,
    epoch: 1,
    log: silent,
    clock: systemClock,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...overrides,
  }
}

test('a copy under write load, then the stream from its position, gives exactly the source', async () => {
  names++
  await fillLegacy(12_000)
  const writers = startWriters(databases, 3)
  const progress: number[] = []
  const result = await backfill(options({ onProgress: ({ done }) => progress.push(done) }))
  expect(result.rows).toBeGreaterThan(20_000)
  expect(progress.at(-1)).toBe(result.rows)
  const sync = syncOf(databases, `copy${names}`)
  await sync.start(result.position)
  await new Promise(resolve => setTimeout(resolve, 300))
  const under = await verify({
    direction: 'forward',
    tables: itemMappings,
    source: databases.legacy,
    target: databases.extracted,
    sync,
    clock: systemClock,
    signal: new AbortController().signal,
  })
  expect(under).toMatchObject({ ok: true, samples: [] })
  const transactions = await writers.stop()
  expect(transactions).toBeGreaterThan(50)
  await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 20_000 })
  await sync.stop()
  const { expected, found } = await compareSides(databases)
  expect(found).toEqual(expected)
}, 60_000)

test('copies one state: what is written while it reads comes by the stream alone', async () => {
  names++
  await fillLegacy(20_000)
  let late: Promise<unknown> | undefined
  const onProgress = () => {
    late ??= legacy.query("UPDATE ITEM_MST SET ITEM_NM = 'late' WHERE ITEM_NO > 10000; DELETE FROM ITEM_PART")
  }
  const { position } = await backfill(options({ onProgress }))
  await late
  const [copied] = await extracted.query<RowDataPacket[]>(
    "SELECT (SELECT COUNT(*) FROM items WHERE name = 'late') late, (SELECT COUNT(*) FROM item_parts) parts",
  )
  expect(copied).toEqual([{ late: 0, parts: 20_000 }])
  const sync = syncOf(databases, `copy${names}`)
  await sync.start(position)
  await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 20_000 })
  await sync.stop()
  const { expected, found } = await compareSides(databases)
  expect(found).toEqual(expected)
})

test('a finished copy is not repeated, and can be cleared', async () => {
  names++
  await fillLegacy(50)
  const first = await backfill(options())
  const again = await backfill(options())
  expect(again).toMatchObject({ alreadyDone: true, rows: 0, position: first.position })
  await clearBackfill(options())
  expect((await compareSides(databases)).found).toEqual([])
  expect(await backfill(options())).toMatchObject({ alreadyDone: false, rows: 100 })
})

test('refuses a target with rows of somebody else', async () => {
  names++
  await extracted.query("INSERT INTO items VALUES (1, 'mine', 1, '2024-01-01', NULL, NULL)")
  await expect(backfill(options())).rejects.toMatchObject({ code: 'TARGET_NOT_EMPTY' })
})

test('goes on behind the last row after each interruption, though rows, keys and unique values moved meanwhile', async () => {
  names++
  await extracted.query('ALTER TABLE items ADD UNIQUE KEY one_note (note)')
  try {
    await fillLegacy(16_000)
    await legacy.query("UPDATE ITEM_MST SET NOTE_TXT = CONCAT('u', ITEM_NO)")
    const interrupt = async (afterRows: number) => {
      const stop = new AbortController()
      const onProgress = ({ done }: { done: number }) =>
        done >= afterRows && stop.abort(new Error('interrupted'))
      await expect(backfill(options({ signal: stop.signal, onProgress }))).rejects.toThrow('interrupted')
    }
    await interrupt(5_000)
    // a unique value goes from a copied row to one that is not copied yet, and on; a row goes, a new one comes, one moves
    await legacy.query(`UPDATE ITEM_MST SET NOTE_TXT = 'freed' WHERE ITEM_NO = 10;
      UPDATE ITEM_MST SET NOTE_TXT = 'u10' WHERE ITEM_NO = 15000;
      UPDATE ITEM_MST SET NOTE_TXT = 'z' WHERE ITEM_NO = 15000; UPDATE ITEM_MST SET NOTE_TXT = 'u10' WHERE ITEM_NO = 14000;
      DELETE FROM ITEM_PART WHERE ITEM_NO IN (20, 21, 15500); DELETE FROM ITEM_MST WHERE ITEM_NO IN (20, 15500);
      UPDATE ITEM_MST SET ITEM_NO = 90000 WHERE ITEM_NO = 21;
      INSERT INTO ITEM_MST VALUES (20, 'back', 5, '20240101', 'freed again', NULL);
      INSERT INTO ITEM_PART VALUES (70000, 20, 'late')`)
    await interrupt(12_000)
    await legacy.query(`UPDATE ITEM_MST SET PRICE = PRICE + 1 WHERE ITEM_NO % 10 = 0;
      DELETE FROM ITEM_PART WHERE PART_NO = 70000; DELETE FROM ITEM_MST WHERE ITEM_NO = 20`)
    const before = await serverPosition(databases.admin)
    const result = await backfill(options())
    expect(result.rows).toBeLessThan(32_000 - 10_000)
    expect(covers(parsePosition(result.position), parsePosition(before))).toBe(false)
    const sync = syncOf(databases, `copy${names}`)
    await sync.start(result.position)
    await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 20_000 })
    await sync.stop()
    const { expected, found } = await compareSides(databases)
    expect(found).toEqual(expected)
  } finally {
    await extracted.query('ALTER TABLE items DROP KEY one_note')
  }
}, 60_000)

test('a second copy takes over, and the first writes no more', async () => {
  names++
  await fillLegacy(30_000)
  let second: Promise<unknown> | undefined
  const first = backfill(
    options({
      onProgress: () => {
        second ??= backfill(options())
      },
    }),
  )
  await expect(first).rejects.toMatchObject({ code: 'BACKFILL_FENCED' })
  await second
  const { expected, found } = await compareSides(databases)
  expect(found).toEqual(expected)
  await expect(backfill(options({ epoch: 0 }))).resolves.toMatchObject({ alreadyDone: true })
}, 60_000)
