import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Connection } from 'mysql2/promise'
import { connectToolkit, schemaOf } from '../src/data/database.ts'
import { putTriggers, type TriggerSpec } from '../src/data/put-triggers.ts'
import { qualified } from '../src/data/sql-text.ts'
import { connectOwner, createItemTables, openTestDatabases, type TestDatabases } from './cdc-support.ts'

let databases: TestDatabases
let toolkit: Connection
let owner: Connection
let nth = 0

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  toolkit = await connectToolkit(databases.legacy)
  owner = await connectOwner(databases, 'legacy')
  await owner.query('CREATE TABLE ALLOWED (PRICE BIGINT)')
})
beforeEach(async () => {
  await owner.query('DELETE FROM ITEM_MST')
  await owner.query(`INSERT INTO ITEM_MST VALUES (9, 'one', 1, '20240101', NULL, NULL)`)
})
afterAll(async () => {
  await owner.end()
  toolkit.destroy()
  await databases.close()
})

/** A trigger that reads a table, so a statement that fires it has to lock that one too. */
function readingTrigger(): TriggerSpec {
  const allowed = qualified(schemaOf(databases.legacy), 'ALLOWED')
  return {
    name: 'READING',
    timing: 'BEFORE',
    event: 'UPDATE',
    body: `BEGIN DECLARE HIGHEST BIGINT; SET HIGHEST = (SELECT MAX(PRICE) FROM ${allowed}); END`,
  }
}

function put(): Promise<void> {
  return putTriggers(toolkit, schemaOf(databases.legacy), 'ITEM_MST', [readingTrigger()])
}

/** The server tells by triggers' ages, in hundredths of a second, whether a statement is to be prepared again. */
function aWhile(): Promise<unknown> {
  return owner.query('SELECT SLEEP(0.15)')
}

/** A text of its own each time: mysql2 keeps statements by their text. */
function prepareUpdate() {
  return owner.prepare(`UPDATE ITEM_MST SET PRICE = PRICE + ${++nth} WHERE ITEM_NO = ?`)
}

test('a statement that was prepared before, beside a trigger of others, still runs', async () => {
  await owner.query('CREATE TRIGGER OWN BEFORE UPDATE ON ITEM_MST FOR EACH ROW SET @own = 1')
  await aWhile()
  const update = await prepareUpdate()
  await update.execute([9])
  await put()
  await update.execute([9])
  await put()
  await update.execute([9])
  const [rows] = await owner.query('SELECT PRICE FROM ITEM_MST')
  expect(rows).toEqual([{ PRICE: 1 + 3 * nth }])
  await owner.query('DROP TRIGGER OWN')
})

test('a statement that was prepared while the triggers waited to be put up still runs', async () => {
  await owner.query('DROP TRIGGER READING')
  const other = await connectOwner(databases, 'legacy')
  try {
    await other.query('START TRANSACTION')
    await other.query('UPDATE ITEM_MST SET PRICE = 3')
    const putting = put()
    await aWhile()
    const update = await prepareUpdate()
    await aWhile()
    await other.query('COMMIT')
    await putting
    await update.execute([9])
  } finally {
    await other.end()
  }
})
