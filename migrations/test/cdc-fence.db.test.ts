import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { liftAutoIncrement } from '../src/cdc/auto-increment.ts'
import { type Fence, inspectFence, lowerFence, raiseFence } from '../src/cdc/fence.ts'
import { longTransactions, mdlBarrier, readPosition } from '../src/cdc/write-barrier.ts'
import { connectApplier } from '../src/data/database.ts'
import {
  connectOwner,
  createItemTables,
  itemMappings,
  openTestDatabases,
  serverPosition,
  syncOf,
  type TestDatabases,
} from './cdc-support.ts'

const tables = ['ITEM_MST', 'ITEM_PART']
const fence: Fence = { capability: 'things', writtenOn: 'extracted', epoch: 3, tables, lockWaitMs: 1_000 }

let databases: TestDatabases
let owner: Connection

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  owner = await connectOwner(databases, 'legacy')
})

afterEach(async () => {
  await lowerFence(databases.legacy, { ...fence, epoch: 99 })
  await owner.query('DELETE FROM ITEM_PART; DELETE FROM ITEM_MST')
})

afterAll(async () => {
  await owner.end()
  await databases.close()
})

const insert = "INSERT INTO ITEM_MST VALUES (1, 'one', 1, '20240101', NULL, NULL)"

test('refuses every write but the applier’s, with the sentence that services look for', async () => {
  await owner.query(insert)
  await raiseFence(databases.legacy, fence)
  for (const write of [
    insert.replace('(1,', '(2,'),
    'UPDATE ITEM_MST SET PRICE = 2',
    'DELETE FROM ITEM_MST',
    "REPLACE INTO ITEM_MST VALUES (1, 'one', 1, '20240101', NULL, NULL)",
  ])
    await expect(owner.query(write)).rejects.toMatchObject({
      errno: 1644,
      sqlState: '45000',
      sqlMessage: 'STRANGLER-FENCE capability things is written on the extracted side, epoch 3',
    })
  const applier = await connectApplier(databases.legacy, 'reverse')
  await applier.query('UPDATE ITEM_MST SET PRICE = 5')
  await applier.end()
  const [rows] = await owner.query<RowDataPacket[]>('SELECT ITEM_NO, PRICE FROM ITEM_MST')
  expect(rows).toEqual([{ ITEM_NO: 1, PRICE: 5 }])
  await lowerFence(databases.legacy, fence)
  await owner.query('UPDATE ITEM_MST SET PRICE = 6')
})

test('a sync writes through the fence', async () => {
  const target = { ...fence, writtenOn: 'legacy' as const, tables: ['items', 'item_parts'] }
  await raiseFence(databases.extracted, target)
  const sync = syncOf(databases, 'fenced')
  await sync.start(await serverPosition(databases.admin))
  await owner.query(insert)
  await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 5_000 })
  await owner.query('DELETE FROM ITEM_MST')
  await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 5_000 })
  expect(sync.status()).toMatchObject({ applied: 2, error: null })
  await sync.stop()
  await lowerFence(databases.extracted, target)
})

test('raising and lowering may be repeated; the epoch decides', async () => {
  expect(await inspectFence(databases.legacy, tables)).toEqual([
    { table: 'ITEM_MST', epoch: null, complete: false },
    { table: 'ITEM_PART', epoch: null, complete: false },
  ])
  await raiseFence(databases.legacy, fence)
  await raiseFence(databases.legacy, fence)
  await raiseFence(databases.legacy, { ...fence, epoch: 4 })
  expect(await inspectFence(databases.legacy, tables)).toEqual([
    { table: 'ITEM_MST', epoch: 4, complete: true },
    { table: 'ITEM_PART', epoch: 4, complete: true },
  ])
  await expect(raiseFence(databases.legacy, fence)).rejects.toMatchObject({ code: 'EPOCH_STALE' })
  await expect(lowerFence(databases.legacy, fence)).rejects.toMatchObject({ code: 'EPOCH_STALE' })
  await expect(owner.query(insert)).rejects.toThrow(/epoch 4/)
  await lowerFence(databases.legacy, { ...fence, epoch: 4 })
  await lowerFence(databases.legacy, { ...fence, epoch: 4 })
  await owner.query(insert)
})

test('waits for a transaction that has written, and takes everything back when that lasts', async () => {
  await owner.query('START TRANSACTION')
  await owner.query(insert)
  await expect(raiseFence(databases.legacy, fence)).rejects.toMatchObject({
    code: 'FENCE_TIMEOUT',
    // Other tests share the server, and their open transactions are named too.
    details: {
      transactions: expect.arrayContaining([
        expect.objectContaining({ user: expect.stringMatching(/^ow_/) }),
      ]),
    },
  })
  expect(await inspectFence(databases.legacy, tables)).toMatchObject([{ epoch: null }, { epoch: null }])
  const raising = raiseFence(databases.legacy, { ...fence, lockWaitMs: 5_000 })
  await new Promise(resolve => setTimeout(resolve, 200))
  await owner.query('UPDATE ITEM_MST SET PRICE = 77')
  await owner.query('COMMIT')
  await raising
  const [rows] = await owner.query<RowDataPacket[]>('SELECT PRICE FROM ITEM_MST')
  expect(rows).toEqual([{ PRICE: 77 }])
})

test('the barrier waits for writers, and names them when they do not end', async () => {
  await mdlBarrier(databases.legacy, tables, { lockWaitMs: 1_000 })
  await owner.query('START TRANSACTION')
  await owner.query(insert)
  await new Promise(resolve => setTimeout(resolve, 30))
  expect(await longTransactions(databases.legacy, 20)).toContainEqual(
    expect.objectContaining({ user: expect.stringMatching(/^ow_/), ageMs: expect.any(Number) }),
  )
  expect(await longTransactions(databases.legacy, 60_000)).toEqual([])
  await expect(mdlBarrier(databases.legacy, tables, { lockWaitMs: 1_000 })).rejects.toMatchObject({
    code: 'BARRIER_TIMEOUT',
  })
  const before = await readPosition(databases.legacy)
  const passing = mdlBarrier(databases.legacy, tables, { lockWaitMs: 5_000 })
  await owner.query('COMMIT')
  await passing
  expect(await readPosition(databases.legacy)).not.toBe(before)
})

test('triggers of others keep working beside the fence and after it', async () => {
  await owner.query(
    'CREATE TRIGGER STAMP BEFORE INSERT ON ITEM_MST FOR EACH ROW SET NEW.NOTE_TXT = UPPER(NEW.ITEM_NM)',
  )
  await raiseFence(databases.legacy, fence)
  await expect(owner.query(insert)).rejects.toMatchObject({ errno: 1644 })
  await lowerFence(databases.legacy, fence)
  await owner.query(insert)
  const [rows] = await owner.query<RowDataPacket[]>('SELECT NOTE_TXT FROM ITEM_MST')
  await owner.query('DROP TRIGGER STAMP')
  expect(rows).toEqual([{ NOTE_TXT: 'ONE' }])
})

test('takes DROP from other accounts while the fence stands, and gives back exactly that', async () => {
  const grants = async () => {
    const [rows] = await databases.admin.query<RowDataPacket[]>(
      `SHOW GRANTS FOR '${new URL(databases.ownerUrl('legacy')).username}'@'127.0.0.1'`,
    )
    // The server tells them in whichever order.
    return rows
      .map(row => String(Object.values(row)[0]))
      .filter(text => !text.includes('IDENTIFIED'))
      .sort()
  }
  const before = await grants()
  const raised = await raiseFence(databases.legacy, fence)
  expect(raised.revoked).toEqual([`'${new URL(databases.ownerUrl('legacy')).username}'@'127.0.0.1'`])
  const fresh = await connectOwner(databases, 'legacy')
  await expect(fresh.query('TRUNCATE ITEM_PART')).rejects.toMatchObject({ errno: 1142 })
  await raiseFence(databases.legacy, { ...fence, capability: 'others', tables: [] })
  await lowerFence(databases.legacy, fence)
  await expect(fresh.query('TRUNCATE ITEM_PART')).rejects.toMatchObject({ errno: 1142 })
  await lowerFence(databases.legacy, { ...fence, capability: 'others', tables: [] })
  expect(await grants()).toEqual(before)
  await fresh.end()
})

test('lifts AUTO_INCREMENT past ids that either side has ever handed out', async () => {
  await owner.query(insert)
  await owner.query(
    "START TRANSACTION; INSERT INTO ITEM_MST (ITEM_NO, ITEM_NM, PRICE, OPEN_DT) VALUES (5000, 'x', 1, '20240101'); ROLLBACK",
  )
  const options = {
    direction: 'forward',
    tables: itemMappings,
    source: databases.legacy,
    target: databases.extracted,
    gap: 100,
  } as const
  const lifted = await liftAutoIncrement(options)
  expect(lifted[0]).toEqual({ table: 'items', next: '5101' })
  expect(await liftAutoIncrement(options)).toEqual([])
  const extracted = await connectOwner(databases, 'extracted')
  await extracted.query("INSERT INTO items (name, price, opened_on) VALUES ('x', 1, '2024-01-01')")
  const [rows] = await extracted.query<RowDataPacket[]>('SELECT id FROM items')
  await extracted.query('DELETE FROM items')
  await extracted.end()
  expect(rows).toEqual([{ id: 5101 }])
})
