import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Connection } from 'mysql2/promise'
import { preflightDatabases } from '../src/cdc/preflight-database.ts'
import type { TableMapping } from '../src/data/table-mapping.ts'
import {
  connectOwner,
  createItemTables,
  itemMappings,
  openTestDatabases,
  type TestDatabases,
} from './cdc-support.ts'

let databases: TestDatabases
let legacy: Connection

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  legacy = await connectOwner(databases, 'legacy')
})

afterAll(async () => {
  await legacy.end()
  await databases.close()
})

async function refused(
  tables: readonly TableMapping[] = itemMappings,
  soakSeconds = 3_600,
): Promise<string[]> {
  const { legacy, extracted } = databases
  return (await preflightDatabases({ tables, legacy, extracted, soakSeconds })).map(({ code }) => code).sort()
}

test('finds nothing where everything is well', async () => {
  expect(await refused()).toEqual([])
})

test('names each table that could not be followed, fenced or rolled back', async () => {
  await legacy.query(`
    CREATE TABLE HEAP (A INT) ENGINE=MyISAM;
    CREATE TABLE ODD (A INT PRIMARY KEY, G POINT, V INT AS (A + 1), W INT NOT NULL, D INT NOT NULL DEFAULT 3);
    CREATE TABLE OUTSIDE (A INT PRIMARY KEY, ITEM_NO INT, FOREIGN KEY (ITEM_NO) REFERENCES ITEM_MST (ITEM_NO));
    CREATE TABLE CASCADED (A INT PRIMARY KEY, ITEM_NO INT, FOREIGN KEY (ITEM_NO) REFERENCES ITEM_MST (ITEM_NO) ON DELETE CASCADE);
    CREATE TRIGGER STAMP BEFORE INSERT ON ITEM_MST FOR EACH ROW SET NEW.NOTE_TXT = NULL`)
  const mapping = (table: string, key: string[], columns: string[]): TableMapping => ({
    legacy: { table, key, columns },
    extracted: itemMappings[0]!.extracted,
    toExtracted: row => row,
    toLegacy: row => row,
  })
  expect(await refused([mapping('HEAP', ['A'], ['A'])])).toEqual(
    expect.arrayContaining(['PRIMARY_KEY_MISSING', 'TABLE_ENGINE']),
  )
  expect(await refused([mapping('ODD', ['W'], ['A', 'G', 'V', 'NONE'])])).toEqual(
    expect.arrayContaining([
      'COLUMN_GENERATED',
      'COLUMN_MISSING',
      'COLUMN_TYPE',
      'COLUMN_UNMAPPED',
      'PRIMARY_KEY_DIFFERS',
    ]),
  )
  expect(await refused([mapping('NOWHERE', ['A'], ['A'])])).toContain('TABLE_MISSING')
  expect(await refused()).toEqual(['FK_NOT_CLOSED', 'FK_NOT_CLOSED', 'TRIGGER_FIRES_AGAIN'])
  const cascaded = mapping('CASCADED', ['A'], ['A', 'ITEM_NO'])
  expect(await refused([...itemMappings, cascaded])).toContain('FK_CASCADE')
})

test('names the server’s variables and the accounts’ rights, with what was found and wanted', async () => {
  const toolkit = new URL(databases.legacy.toolkitUrl).username
  const applier = new URL(databases.legacy.applierUrl).username
  const schema = new URL(databases.legacy.toolkitUrl).pathname.slice(1)
  await databases.admin.query(
    `REVOKE PROCESS ON *.* FROM ${toolkit}@127.0.0.1; REVOKE DELETE ON ${schema}.* FROM ${applier}@127.0.0.1`,
  )
  const { legacy, extracted } = databases
  const found = await preflightDatabases({ tables: itemMappings, legacy, extracted, soakSeconds: 0 })
  expect(found.filter(({ code }) => code === 'GRANT_MISSING').map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      expect.stringContaining('lacks PROCESS'),
      expect.stringMatching(/DELETE command denied/),
    ]),
  )
  await databases.admin.query(`REVOKE BINLOG REPLAY ON *.* FROM ${applier}@127.0.0.1`)
  expect(await refused()).toContain('GRANT_MISSING')
})
