import { randomBytes } from 'node:crypto'
import { jest } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { type Connection, createConnection } from 'mysql2/promise'
import { pino } from 'pino'
import { createSync, type Sync, type SyncOptions } from '../src/cdc/sync.ts'
import { installControlTables } from '../src/data/control-tables.ts'
import { connectionOptions, connectToolkit, type Database } from '../src/data/database.ts'
import type { Row, TableMapping } from '../src/data/table-mapping.ts'

/** For every file that imports this one: schemas and accounts are made while other tests keep the disk busy. */
jest.setTimeout(60_000)

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
export async function openTestDatabases(
  adminUrl: string | undefined = process.env.STRANGLER_TEST_DB,
): Promise<TestDatabases> {
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
      PRICE: String(BigInt((row.price as string).replace('.', ''))),
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

/** Writers that insert, update, move and delete items and parts, several rows a transaction, until stopped. */
export function startWriters(databases: TestDatabases, count: number): { stop(): Promise<number> } {
  let stopping = false
  let transactions = 0
  const write = async (writer: number) => {
    const owner = await connectOwner(databases, 'legacy')
    const random = seeded(writer + 1)
    while (!stopping) {
      const statements = Array.from({ length: 1 + Math.ceil(random() * 3) }, () =>
        randomWrite(random, writer),
      )
      const sql = ['START TRANSACTION', ...statements, random() < 0.1 ? 'ROLLBACK' : 'COMMIT'].join(';')
      try {
        await owner.query(sql)
        transactions++
      } catch {
        // a deadlock or a lock wait: rolled back whole
        await owner.query('ROLLBACK')
      }
    }
    await owner.end()
  }
  const writing = Array.from({ length: count }, (_, writer) => write(writer))
  return {
    async stop() {
      stopping = true
      await Promise.all(writing)
      return transactions
    },
  }
}

function randomWrite(random: () => number, writer: number): string {
  const pick = () => 1 + Math.floor(random() * 400)
  const [item, kind, text] = [pick(), random(), `w${writer} ${Math.floor(random() * 1e6)} 😀`]
  if (kind < 0.35)
    return `INSERT INTO ITEM_MST VALUES (${item}, '${text}', ${item}, '20240101', NULL, X'0${writer}')
      ON DUPLICATE KEY UPDATE PRICE = PRICE + 1, ITEM_NM = VALUES(ITEM_NM)`
  if (kind < 0.6) return `UPDATE ITEM_MST SET NOTE_TXT = '${text}', PRICE = PRICE + 7 WHERE ITEM_NO = ${item}`
  if (kind < 0.75)
    return `INSERT INTO ITEM_PART (ITEM_NO, PART_TXT) SELECT ITEM_NO, '${text}' FROM ITEM_MST WHERE ITEM_NO = ${item}`
  if (kind < 0.85) return `UPDATE IGNORE ITEM_MST SET ITEM_NO = ${pick()} WHERE ITEM_NO = ${item}`
  if (kind < 0.95) return `DELETE FROM ITEM_PART WHERE ITEM_NO = ${item}`
  return `DELETE IGNORE FROM ITEM_MST WHERE ITEM_NO = ${item}`
}

/** A small generator whose numbers a seed repeats. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Both sides' rows through the mapping, as JSON: an oracle that shares nothing with `verify` but the mapping. */
export async function compareSides(
  databases: TestDatabases,
): Promise<{ expected: string[]; found: string[] }> {
  const legacy = await connectToolkit(databases.legacy)
  const extracted = await connectToolkit(databases.extracted)
  const expected: string[] = []
  const found: string[] = []
  for (const mapping of itemMappings) {
    const [rows] = await legacy.query(
      `SELECT ${mapping.legacy.columns.join(',')} FROM ${mapping.legacy.table} ORDER BY 1`,
    )
    const [copies] = await extracted.query(
      `SELECT ${mapping.extracted.columns.join(',')} FROM ${mapping.extracted.table} ORDER BY 1`,
    )
    expected.push(...(rows as Row[]).map(row => JSON.stringify(mapping.toExtracted(row))))
    found.push(...(copies as Row[]).map(row => JSON.stringify(row)))
  }
  await legacy.end()
  await extracted.end()
  return { expected, found }
}
