import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import type { Sync } from '../src/cdc/sync.ts'
import { connectApplier, connectionOptions, origin } from '../src/data/database.ts'
import {
  compareSides,
  connectOwner,
  createItemTables,
  eventually,
  openTestDatabases,
  serverPosition,
  startWriters,
  syncOf,
  type TestDatabases,
} from './cdc-support.ts'

let databases: TestDatabases
let legacy: Connection
let names = 0

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  legacy = await connectOwner(databases, 'legacy')
})

beforeEach(async () => {
  const extracted = await connectOwner(databases, 'extracted')
  await legacy.query('DELETE FROM ITEM_PART; DELETE FROM ITEM_MST')
  await extracted.query('DELETE FROM item_parts; DELETE FROM items')
  await extracted.end()
})

afterAll(async () => {
  await legacy.end()
  await databases.close()
})

async function caughtUp(sync: Sync): Promise<void> {
  await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 20_000 })
}

async function killSessions(user: string, command: string): Promise<number> {
  const [sessions] = await databases.admin.query<RowDataPacket[]>(
    `SELECT ID id FROM information_schema.PROCESSLIST WHERE USER = ? AND COMMAND LIKE ?`,
    [user, command],
  )
  for (const { id } of sessions) await databases.admin.query(`KILL ${id}`).catch(() => {})
  return sessions.length
}

test('loses nothing and repeats nothing when its connections are killed again and again under load', async () => {
  const sync = syncOf(databases, `fault${++names}`)
  await sync.start(await serverPosition(databases.admin))
  const writers = startWriters(databases, 3)
  const applier = connectionOptions(databases.extracted.applierUrl).user
  const toolkit = connectionOptions(databases.legacy.toolkitUrl).user
  let killed = 0
  for (let round = 0; round < 12; round++) {
    const { applied } = sync.status()
    await eventually(() => sync.status().applied > applied)
    await new Promise(resolve => setTimeout(resolve, 37 * (round % 4)))
    killed += await killSessions(applier, '%')
    if (round % 3 === 2) killed += await killSessions(toolkit, 'Binlog Dump')
  }
  const transactions = await writers.stop()
  await caughtUp(sync)
  await sync.stop()
  const { expected, found } = await compareSides(databases)
  expect(killed).toBeGreaterThanOrEqual(12)
  expect(transactions).toBeGreaterThan(100)
  expect(found).toEqual(expected)
}, 60_000)

test('an applied counter column proves that no change is applied twice after a kill between commit and answer', async () => {
  const extracted = await connectOwner(databases, 'extracted')
  await extracted.query(`CREATE TABLE IF NOT EXISTS applied_inserts (id BIGINT, n INT AUTO_INCREMENT PRIMARY KEY);
    CREATE TRIGGER count_inserts AFTER INSERT ON items FOR EACH ROW INSERT INTO applied_inserts (id) VALUES (NEW.id)`)
  const sync = syncOf(databases, `fault${++names}`)
  await sync.start(await serverPosition(databases.admin))
  const applier = connectionOptions(databases.extracted.applierUrl).user
  for (let n = 1; n <= 60; n++) {
    await legacy.query(`INSERT INTO ITEM_MST VALUES (${n}, 'x', 1, '20240101', NULL, NULL)`)
    if (n % 4 === 0) await killSessions(applier, '%')
  }
  await caughtUp(sync)
  await sync.stop()
  const [counts] = await extracted.query<RowDataPacket[]>(
    'SELECT COUNT(*) n, COUNT(DISTINCT id) d FROM applied_inserts',
  )
  await extracted.query('DROP TRIGGER count_inserts; DROP TABLE applied_inserts')
  await extracted.end()
  expect(counts).toEqual([{ n: 60, d: 60 }])
})

test('a transaction too big for memory becomes visible whole, though its applier is killed in the middle', async () => {
  const sync = syncOf(databases, `fault${++names}`)
  await sync.start(await serverPosition(databases.admin))
  const extracted = await connectOwner(databases, 'extracted')
  const applier = connectionOptions(databases.extracted.applierUrl).user
  const inserted = legacy.query(
    "INSERT INTO ITEM_MST SELECT seq, CONCAT('item ', seq), seq, '20240101', NULL, NULL FROM seq_1_to_30000",
  )
  const seen = new Set<number>()
  let killed = 0
  for (let done = false; !done; ) {
    const [visible] = await extracted.query<RowDataPacket[]>('SELECT COUNT(*) n FROM items')
    const [written] = await extracted.query<RowDataPacket[]>(
      'SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; SELECT COUNT(*) n FROM items; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
    )
    seen.add(visible[0]!.n)
    const dirty = (written as unknown as { n: number }[][])[1]![0]!.n
    if (killed === 0 && dirty > 5_000 && dirty < 30_000) killed = await killSessions(applier, '%')
    done = visible[0]!.n === 30_000
  }
  await inserted
  await extracted.end()
  await sync.stop()
  expect({ seen: [...seen].sort(), killed: killed > 0 }).toEqual({ seen: [0, 30_000], killed: true })
})

test('both directions running by mistake do not play changes back and forth', async () => {
  const from = await serverPosition(databases.admin)
  const forward = syncOf(databases, `fault${++names}`)
  const reverse = syncOf(databases, `fault${names}`, { direction: 'reverse' })
  await forward.start(from)
  await reverse.start(from)
  await legacy.query("INSERT INTO ITEM_MST VALUES (1, 'one', 100, '20240101', NULL, NULL)")
  await legacy.query('UPDATE ITEM_MST SET PRICE = PRICE + 1')
  await caughtUp(forward)
  await caughtUp(reverse)
  const extracted = await connectOwner(databases, 'extracted')
  await extracted.query('UPDATE items SET price = price + 1')
  await caughtUp(reverse)
  await caughtUp(forward)
  await extracted.end()
  await new Promise(resolve => setTimeout(resolve, 300))
  expect(forward.status()).toMatchObject({ running: true, applied: 2 })
  expect(reverse.status()).toMatchObject({ running: true, applied: 1 })
  const { expected, found } = await compareSides(databases)
  expect(found).toEqual(expected)
  const [rows] = await legacy.query<RowDataPacket[]>('SELECT PRICE FROM ITEM_MST')
  expect(rows).toEqual([{ PRICE: 201 }])
  await forward.stop()
  await reverse.stop()
})

test('concurrent appliers of both directions share the origin domain under strict GTIDs', async () => {
  const sessions = await Promise.all(
    (['forward', 'reverse', 'forward', 'reverse'] as const).map(direction =>
      connectApplier(databases.extracted, direction),
    ),
  )
  const [strict] = await databases.admin.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_strict_mode strict')
  expect(strict).toEqual([{ strict: 1 }])
  await Promise.all(
    sessions.map(async (session, which) => {
      for (let n = 0; n < 40; n++)
        await session.query(
          `INSERT INTO items VALUES (${which * 1000 + n + 1}, 'x', 1, '2024-01-01', NULL, NULL)`,
        )
    }),
  )
  const [events] = await databases.admin.query<RowDataPacket[]>('SHOW BINLOG EVENTS LIMIT 1')
  expect(events).toHaveLength(1)
  expect(await serverPosition(databases.admin)).toMatch(new RegExp(`\\b${origin.domain}-42420[12]-\\d+`))
  for (const session of sessions) await session.end()
})

test('an applier that was replaced writes nothing more, and a lower epoch never starts', async () => {
  const capability = `fault${++names}`
  const old = syncOf(databases, capability)
  await old.start(await serverPosition(databases.admin))
  await legacy.query("INSERT INTO ITEM_MST VALUES (1, 'one', 1, '20240101', NULL, NULL)")
  await caughtUp(old)

  const same = syncOf(databases, capability)
  await same.start()
  await legacy.query("INSERT INTO ITEM_MST VALUES (2, 'two', 1, '20240101', NULL, NULL)")
  await caughtUp(same)
  await eventually(() => !old.status().running)
  expect(old.status().error).toMatchObject({ code: 'SYNC_FENCED' })

  const higher = syncOf(databases, capability, { epoch: 2 })
  await higher.start(await serverPosition(databases.admin))
  await eventually(() => !same.status().running)
  await expect(syncOf(databases, capability).start()).rejects.toMatchObject({ code: 'EPOCH_STALE' })
  await legacy.query("INSERT INTO ITEM_MST VALUES (3, 'three', 1, '20240101', NULL, NULL)")
  await caughtUp(higher)
  await higher.stop()
  const { expected, found } = await compareSides(databases)
  expect(found).toEqual(expected)
})

test('an applier that was halted in the middle of a transaction does not keep its successor out', async () => {
  const capability = `fault${++names}`
  const first = syncOf(databases, capability)
  await first.start(await serverPosition(databases.admin))
  await legacy.query("INSERT INTO ITEM_MST VALUES (1, 'one', 1, '20240101', NULL, NULL)")
  await caughtUp(first)
  await first.stop()
  const control = databases.extracted.controlSchema
  const zombie = await connectApplier(databases.extracted, 'forward')
  await zombie.query('START TRANSACTION')
  await zombie.query(
    `UPDATE ${control}.checkpoint SET connection_id = CONNECTION_ID() WHERE capability = '${capability}'`,
  )
  await zombie.query('COMMIT')
  await zombie.query('START TRANSACTION')
  await zombie.query(`SELECT * FROM ${control}.checkpoint WHERE capability = '${capability}' FOR UPDATE`)
  await zombie.query("INSERT INTO items VALUES (99, 'zombie', 1, '2024-01-01', NULL, NULL)")
  const next = syncOf(databases, capability)
  const began = performance.now()
  await next.start()
  expect(performance.now() - began).toBeLessThan(2_000)
  await caughtUp(next)
  await expect(zombie.query('COMMIT')).rejects.toThrow()
  zombie.destroy()
  await next.stop()
  const { expected, found } = await compareSides(databases)
  expect(found).toEqual(expected)
})

test.each([
  ['TRUNCATE TABLE ITEM_PART', 'SOURCE_TRUNCATED', 'SELECT 1'],
  [
    'ALTER TABLE ITEM_PART ADD COLUMN EXTRA INT NULL',
    'SOURCE_SCHEMA_CHANGED',
    'ALTER TABLE ITEM_PART DROP COLUMN EXTRA',
  ],
  ['RENAME TABLE ITEM_PART TO ITEM_PART2', 'SOURCE_SCHEMA_CHANGED', 'RENAME TABLE ITEM_PART2 TO ITEM_PART'],
  [
    "SET SESSION binlog_row_image = 'MINIMAL'; UPDATE ITEM_MST SET PRICE = 9; SET SESSION binlog_row_image = 'FULL'",
    'SOURCE_ROW_IMAGE',
    'SELECT 1',
  ],
  [
    "SET SESSION binlog_format = 'STATEMENT', tx_isolation = 'REPEATABLE-READ'; UPDATE ITEM_MST SET PRICE = 8; SET SESSION binlog_format = 'ROW'",
    'SOURCE_STATEMENT',
    'SELECT 1',
  ],
  [
    "XA START 'x'; UPDATE ITEM_MST SET PRICE = 7; XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x'",
    'SOURCE_XA',
    'SELECT 1',
  ],
])('stops with a sentence, and does not go on by itself, at: %s', async (statement, code, undo) => {
  const sync = syncOf(databases, `fault${++names}`)
  await legacy.query("INSERT INTO ITEM_MST VALUES (1, 'one', 1, '20240101', NULL, NULL)")
  await sync.start(await serverPosition(databases.admin))
  await caughtUp(sync)
  // session variables of row logging belong to administrators
  await databases.admin.query(`USE ${connectionOptions(databases.legacy.toolkitUrl).database}`)
  await databases.admin.query(statement)
  await eventually(() => !sync.status().running)
  expect(sync.status().error).toMatchObject({ code })
  await sync.start()
  await eventually(() => !sync.status().running)
  expect(sync.status().error).not.toBeNull()
  await legacy.query(undo)
})

test('says that the source has never been at a position that is not its own', async () => {
  const sync = syncOf(databases, `fault${++names}`)
  await sync.start('0-1-999999999999')
  await eventually(() => !sync.status().running)
  expect(sync.status().error).toMatchObject({ code: 'SOURCE_POSITION_UNKNOWN' })
})

test('goes on over changes that leave rows and columns as they are', async () => {
  const sync = syncOf(databases, `fault${++names}`)
  await sync.start(await serverPosition(databases.admin))
  await legacy.query(`CREATE TABLE ELSEWHERE (ID INT PRIMARY KEY); INSERT INTO ELSEWHERE VALUES (1); TRUNCATE ELSEWHERE;
    ALTER TABLE ELSEWHERE ADD N INT; DROP TABLE ELSEWHERE;
    ALTER TABLE ITEM_MST AUTO_INCREMENT = 500; CREATE INDEX BY_NAME ON ITEM_MST (ITEM_NM); DROP INDEX BY_NAME ON ITEM_MST;
    CREATE TRIGGER T BEFORE INSERT ON ITEM_MST FOR EACH ROW SET NEW.PRICE = NEW.PRICE; DROP TRIGGER T; ANALYZE TABLE ITEM_MST;
    CREATE OR REPLACE VIEW V AS SELECT * FROM ITEM_MST; DROP VIEW V;
    INSERT INTO ITEM_MST (ITEM_NM, PRICE, OPEN_DT) VALUES ('after', 1, '20240101')`)
  await caughtUp(sync)
  expect(sync.status()).toMatchObject({ running: true, error: null, applied: 1 })
  await sync.stop()
})
