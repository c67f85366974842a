import { randomBytes } from 'node:crypto'
import { systemClock } from '@strangler/kit/clock.ts'
import { type Connection, createConnection } from 'mysql2/promise'
import { pino } from 'pino'
import { createSync, type Sync, type SyncOptions } from '../src/cdc/sync.ts'
import { installControlTables } from '../src/data/control-tables.ts'
import { connectionOptions, type Database } from '../src/data/database.ts'
import type { TableMapping } from '../src/data/table-mapping.ts'

export const silent = pino({ level: process.env.TEST_LOG ?? 'silent' })

export type TestDatabases = {
  /** Administrator's session, in no schema. */
  admin: Connection
  legacy: Database
  extracted: Database
  /** As an owner's own account would write: no toolkit rights. */
  ownerUrl(side: 'legacy' | 'extracted'): string
  close(): Promise<void>
}

/** Two sides on one server with the accounts of a real installation, under names of their own. */
export async function openTestDatabases(): Promise<TestDatabases> {
  const adminUrl = process.env.STRANGLER_TEST_DB
  if (adminUrl === undefined) throw new Error('STRANGLER_TEST_DB is not set')
  const admin = await createConnection({ ...connectionOptions(adminUrl), multipleStatements: true })
  const id = randomBytes(4).toString('hex')
  const schemas = { legacy: `cdc_${id}_old`, extracted: `cdc_${id}_new`, control: `cdc_${id}_ctl` }
  const users = { toolkit: `tk_${id}`, applier: `ap_${id}`, owner: `ow_${id}` }
  for (const schema of Object.values(schemas)) await admin.query(`CREATE DATABASE ${schema}`)
  for (const user of Object.values(users))
    await admin.query(`CREATE USER ${user}@127.0.0.1 IDENTIFIED BY 'secret'`)
  for (const schema of Object.values(schemas)) {
    await admin.query(`GRANT ALL ON ${schema}.* TO ${users.toolkit}@127.0.0.1 WITH GRANT OPTION`)
    await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.* TO ${users.applier}@127.0.0.1`)
    if (schema !== schemas.control) await admin.query(`GRANT ALL ON ${schema}.* TO ${users.owner}@127.0.0.1`)
  }
  await admin.query(
    `GRANT REPLICATION SLAVE, BINLOG MONITOR, RELOAD, PROCESS, BINLOG REPLAY, CONNECTION ADMIN ON *.* TO ${users.toolkit}@127.0.0.1;
     GRANT SELECT ON mysql.db TO ${users.toolkit}@127.0.0.1;
     GRANT SELECT ON mysql.tables_priv TO ${users.toolkit}@127.0.0.1;
     GRANT BINLOG REPLAY ON *.* TO ${users.applier}@127.0.0.1`,
  )
  const { port } = connectionOptions(adminUrl)
  const url = (user: string, schema: string) => `mysql://${user}:secret@127.0.0.1:${port}/${schema}`
  const database = (side: 'legacy' | 'extracted'): Database => ({
    name: side,
    toolkitUrl: url(users.toolkit, schemas[side]),
    applierUrl: url(users.applier, schemas[side]),
    controlSchema: schemas.control,
  })
  const legacy = database('legacy')
  await installControlTables(legacy)
  return {
    admin,
    legacy,
    extracted: database('extracted'),
    ownerUrl: side => url(users.owner, schemas[side]),
    async close() {
      for (const schema of Object.values(schemas)) await admin.query(`DROP DATABASE ${schema}`)
      for (const user of Object.values(users)) await admin.query(`DROP USER ${user}@127.0.0.1`)
      await admin.end()
    },
  }
}

/** A session of an owner's account. */
export async function connectOwner(
  databases: TestDatabases,
  side: 'legacy' | 'extracted',
): Promise<Connection> {
  return createConnection({ ...connectionOptions(databases.ownerUrl(side)), multipleStatements: true })
}

/** A parent and a child table, renamed and retyped on the way. */
export const itemTables = {
  legacy: `
    CREATE TABLE ITEM_MST (
      ITEM_NO INT NOT NULL AUTO_INCREMENT PRIMARY KEY, ITEM_NM VARCHAR(80) NOT NULL, PRICE BIGINT NOT NULL,
      OPEN_DT CHAR(8) NOT NULL, NOTE_TXT VARCHAR(200) NULL, RAW VARBINARY(40) NULL);
    CREATE TABLE ITEM_PART (
      PART_NO INT NOT NULL AUTO_INCREMENT PRIMARY KEY, ITEM_NO INT NOT NULL, PART_TXT VARCHAR(200) NOT NULL,
      FOREIGN KEY (ITEM_NO) REFERENCES ITEM_MST (ITEM_NO))`,
  extracted: `
    CREATE TABLE items (
      id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL, price DECIMAL(20,2) NOT NULL,
      opened_on DATE NOT NULL, note VARCHAR(200) NULL, raw VARBINARY(40) NULL);
    CREATE TABLE item_parts (
      id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, item_id BIGINT NOT NULL, text VARCHAR(200) NOT NULL,
      FOREIGN KEY (item_id) REFERENCES items (id))`,
}

export const itemMappings: TableMapping[] = [
  {
    legacy: {
      table: 'ITEM_MST',
      key: ['ITEM_NO'],
      columns: ['ITEM_NO', 'ITEM_NM', 'PRICE', 'OPEN_DT', 'NOTE_TXT', 'RAW'],
    },
    extracted: { table: 'items', key: ['id'], columns: ['id', 'name', 'price', 'opened_on', 'note', 'raw'] },
    toExtracted: row => ({
      id: row.ITEM_NO!,
      name: row.ITEM_NM!,
      price: centsToDecimal(BigInt(row.PRICE as number | string)),
      opened_on: (row.OPEN_DT as string).replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3'),
      note: row.NOTE_TXT!,
      raw: row.RAW!,
    }),
    toLegacy: row => ({
      ITEM_NO: row.id!,
      ITEM_NM: row.name!,
      PRICE: (row.price as string).replace('.', ''),
      OPEN_DT: (row.opened_on as string).replaceAll('-', ''),
      NOTE_TXT: row.note!,
      RAW: row.raw!,
    }),
  },
  {
    legacy: { table: 'ITEM_PART', key: ['PART_NO'], columns: ['PART_NO', 'ITEM_NO', 'PART_TXT'] },
    extracted: { table: 'item_parts', key: ['id'], columns: ['id', 'item_id', 'text'] },
    toExtracted: row => ({ id: row.PART_NO!, item_id: row.ITEM_NO!, text: row.PART_TXT! }),
    toLegacy: row => ({ PART_NO: row.id!, ITEM_NO: row.item_id!, PART_TXT: row.text! }),
  },
]

function centsToDecimal(cents: bigint): string {
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0')
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

export async function createItemTables(databases: TestDatabases): Promise<void> {
  for (const side of ['legacy', 'extracted'] as const) {
    const owner = await connectOwner(databases, side)
    await owner.query(itemTables[side])
    await owner.end()
  }
}

export function syncOf(
  databases: TestDatabases,
  capability: string,
  overrides: Partial<SyncOptions> = {},
): Sync {
  const forward = (overrides.direction ?? 'forward') === 'forward'
  return createSync({
    capability,
    direction: 'forward',
    tables: itemMappings,
    source: forward ? databases.legacy : databases.extracted,
    target: forward ? databases.extracted : databases.legacy,
    epoch: 1,
    log: silent,
    clock: systemClock,
    ...overrides,
  })
}

/** Everything committed on the server, as administrator. */
export async function serverPosition(admin: Connection): Promise<string> {
  const [rows] = await admin.query('SELECT @@GLOBAL.gtid_binlog_pos AS position')
  return (rows as { position: string }[])[0]!.position
}

/** Waits until `condition` holds; for states that nobody announces. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
