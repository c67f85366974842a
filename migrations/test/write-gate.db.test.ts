import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import type { Fence } from '../src/cdc/fence.ts'
import { armGate, disarmGate, setGate } from '../src/cutover/write-gate.ts'
import { installControlTables } from '../src/data/control-tables.ts'
import { connectApplier } from '../src/data/database.ts'
import { connectOwner, createItemTables, openTestDatabases, type TestDatabases } from './cdc-support.ts'

let databases: TestDatabases
let owner: Connection
let epoch = 0

const gate = (): Fence => ({
  capability: 'things',
  writtenOn: 'extracted',
  epoch: ++epoch,
  tables: ['ITEM_MST', 'ITEM_PART'],
  lockWaitMs: 1_000,
})
const insert = (id: number) => `INSERT INTO ITEM_MST VALUES (${id}, 'one', 1, '20240101', NULL, NULL)`

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  await installControlTables(databases.legacy)
  owner = await connectOwner(databases, 'legacy')
})
afterEach(async () => {
  await owner.query('ROLLBACK')
  await disarmGate(databases.legacy, gate())
  await owner.query('DELETE FROM ITEM_MST')
})
afterAll(async () => {
  await owner.end()
  await databases.close()
})

test('an armed gate lets writes pass until it is closed, then refuses all but the applier’s', async () => {
  const fence = gate()
  await armGate(databases.legacy, fence, false)
  await owner.query(insert(1))
  await setGate(databases.legacy, fence, true)
  for (const write of [insert(2), 'UPDATE ITEM_MST SET PRICE = 2', 'DELETE FROM ITEM_MST'])
    await expect(owner.query(write)).rejects.toMatchObject({
      errno: 1644,
      sqlMessage: `STRANGLER-FENCE capability things is written on the extracted side, epoch ${fence.epoch}`,
    })
  const applier = await connectApplier(databases.legacy, 'reverse')
  await applier.query('UPDATE ITEM_MST SET PRICE = 5')
  await applier.end()
  await setGate(databases.legacy, fence, false)
  await owner.query(insert(3))
})

test('a transaction that reads an old snapshot is refused all the same', async () => {
  const fence = gate()
  await armGate(databases.legacy, fence, false)
  await owner.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ')
  await owner.query('START TRANSACTION WITH CONSISTENT SNAPSHOT')
  await setGate(databases.legacy, fence, true)
  await expect(owner.query(insert(1))).rejects.toThrow('STRANGLER-FENCE')
})

test('closing waits for the transactions that were let pass, and says who they are', async () => {
  const fence = gate()
  await armGate(databases.legacy, fence, false)
  await owner.beginTransaction()
  await owner.query(insert(1))
  await expect(setGate(databases.legacy, fence, true)).rejects.toMatchObject({ code: 'FENCE_TIMEOUT' })
  const closing = setGate(databases.legacy, { ...fence, lockWaitMs: 5_000 }, true)
  await owner.commit()
  await closing
  const [rows] = await owner.query<RowDataPacket[]>('SELECT ITEM_NO FROM ITEM_MST')
  expect(rows).toEqual([{ ITEM_NO: 1 }])
})

test('a statement that was prepared before the gate stood beside other triggers still runs', async () => {
  const events = ['INSERT', 'UPDATE', 'DELETE']
  await owner.query(insert(9))
  for (const event of events)
    await owner.query(`CREATE TRIGGER OWN_${event} BEFORE ${event} ON ITEM_MST FOR EACH ROW SET @own = 1`)
  try {
    // The server tells by triggers' ages, in hundredths of a second, whether a statement is to be prepared again.
    await owner.query('SELECT SLEEP(0.1)')
    const update = await owner.prepare('UPDATE ITEM_MST SET PRICE = PRICE + 1 WHERE ITEM_NO = ?')
    await update.execute([9])
    const fence = gate()
    await armGate(databases.legacy, fence, false)
    await update.execute([9])
    await armGate(databases.legacy, fence, false)
    await update.execute([9])
    await setGate(databases.legacy, fence, true)
    await expect(update.execute([9])).rejects.toMatchObject({ errno: 1644 })
    await update.close()
  } finally {
    for (const event of events) await owner.query(`DROP TRIGGER OWN_${event}`)
  }
})

test('a gate is never set by an epoch that is over', async () => {
  const before = gate()
  const fence = gate()
  await armGate(databases.legacy, fence, true)
  await expect(setGate(databases.legacy, before, false)).rejects.toMatchObject({ code: 'EPOCH_STALE' })
  await expect(owner.query(insert(1))).rejects.toThrow('STRANGLER-FENCE')
})
