import { join } from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { plan as customersPlan } from '../plans/customers.ts'
import { connectionOptions, schemaOf } from '../src/data/database.ts'
import { createEvidence } from '../src/journal/evidence.ts'
import { type ControlSchema, openControlSchema } from '../src/journal/open-control-schema.ts'
import { createProxyAdmin } from '../src/operator/proxy-admin.ts'
import type { Plan } from '../src/plan/plan.ts'
import { clearObservers, findWriters } from '../src/writers/find-writers.ts'
import { beginObserving } from '../src/writers/writer-observer.ts'
import { writersGate } from '../src/writers/writers-gate.ts'
import {
  connectOwner,
  createItemTables,
  itemMappings,
  openTestDatabases,
  silent,
  type TestDatabases,
} from './cdc-support.ts'
import { testOrder } from './cutover-kit.ts'
import { fakeProxy } from './proxy-kit.ts'

jest.setTimeout(60_000)

let databases: TestDatabases
let control: ControlSchema
let server: Awaited<ReturnType<typeof fakeProxy>>
let owner: Connection
let served = 0

beforeEach(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  const url = new URL(databases.legacy.toolkitUrl)
  url.pathname = `/${databases.legacy.controlSchema}`
  control = await openControlSchema(url.href, join(import.meta.dirname, '..', 'sql'))
  owner = await connectOwner(databases, 'legacy')
  served = 0
  server = await fakeProxy(() => ({
    body: { capabilities: [{ name: 'items', traffic: { legacy: { read: 0, write: served, failed: 0 } } }] },
  }))
})
afterEach(async () => {
  await owner.end()
  await server.close()
  await control.close()
  await databases.close()
})

const ownerName = () => connectionOptions(databases.ownerUrl('legacy')).user

function planAnswering(account: string): Plan {
  const writes = [{ table: 'ITEM_MST', events: ['insert', 'update'] as const }]
  const writers = [{ account, writes, answer: 'moves' as const, reason: 'its operations are routes' }]
  return { ...customersPlan, capability: 'items', tables: itemMappings, writers }
}

function wired(plan: Plan) {
  const proxy = createProxyAdmin(server.url, 'token')
  const parts = {
    evidence: createEvidence(control.pool),
    proxies: [proxy],
    sidesOf: () => ({ legacy: databases.legacy, extracted: databases.extracted }),
    clock: systemClock,
    log: silent,
  } as unknown as Parameters<typeof findWriters>[0]
  return { parts, plan, close: () => proxy.close() }
}

/** Looks while `work` writes; the observer stands when it begins to. */
async function lookWhile(plan: Plan, work: () => Promise<void>) {
  const { parts, close } = wired(plan)
  const looking = findWriters(parts, plan, testOrder(), 3)
  while ((await observers()) < 6) await systemClock.sleep(20)
  await work()
  const found = await looking
  const refusals = writersGate(await parts.evidence.lastWriters(plan.capability), plan)
  await close()
  return { found, refusals }
}

async function observers(): Promise<number> {
  const [rows] = await databases.admin.query<RowDataPacket[]>(
    "SELECT COUNT(*) AS n FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ? AND TRIGGER_NAME LIKE 'strangler\\_seen\\_%'",
    [schemaOf(databases.legacy)],
  )
  return Number(rows[0]!.n)
}

async function insertItem(session: Connection, name: string): Promise<void> {
  await session.query("INSERT INTO ITEM_MST (ITEM_NM, PRICE, OPEN_DT) VALUES (?, 1, '20240101')", [name])
}

test('tells who writes which columns, and leaves nothing on the tables', async () => {
  const plan = planAnswering(ownerName())
  const { found, refusals } = await lookWhile(plan, async () => {
    for (let nth = 0; nth < 3; nth++) await insertItem(owner, `n${nth}`)
    await owner.query('UPDATE ITEM_MST SET PRICE = 2, NOTE_TXT = NOTE_TXT')
    served = 3
  })
  expect(found.requests).toBe(3)
  expect(found.accounts).toMatchObject([
    {
      account: ownerName(),
      rows: 6,
      shapes: [
        { table: 'ITEM_MST', event: 'insert', rows: 3, answer: 'moves' },
        { table: 'ITEM_MST', event: 'update', columns: ['PRICE'], rows: 3, answer: 'moves' },
      ],
    },
  ])
  expect(refusals).toEqual([])
  expect(await observers()).toBe(0)
})

test('a second account is found, with its rows; so is what it wrote before anybody looked', async () => {
  await insertItem(owner, 'there')
  await owner.query('DELETE FROM ITEM_MST')
  const batch = `bt_${ownerName()}`
  await databases.admin.query(`CREATE USER ${batch}@127.0.0.1 IDENTIFIED BY 'secret'`)
  await databases.admin.query(`GRANT INSERT ON ${schemaOf(databases.legacy)}.ITEM_MST TO ${batch}@127.0.0.1`)
  const stray = await createConnection({ ...connectionOptions(databases.ownerUrl('legacy')), user: batch })
  try {
    const { found, refusals } = await lookWhile(planAnswering(ownerName()), () => insertItem(stray, 'stray'))
    expect(found.accounts).toMatchObject([{ account: batch, rows: 1 }])
    expect(found.past).toMatchObject({ complete: true })
    expect(refusals.map(({ code, details }) => [code, details.account ?? details.event])).toEqual([
      ['WRITER_UNACCOUNTED', batch],
      ['WRITER_UNKNOWN', 'delete'],
    ])
  } finally {
    await stray.end()
    await databases.admin.query(`DROP USER ${batch}@127.0.0.1`)
  }
})

test('an account that may write and does not is named by its right', async () => {
  const { found, refusals } = await lookWhile(planAnswering('somebody'), async () => {})
  expect(found.possible).toEqual([ownerName()])
  expect(refusals.map(({ code }) => code)).toEqual(['WRITER_POSSIBLE'])
})

test('a note that cannot be taken does not fail the write', async () => {
  const { parts, plan, close } = wired(planAnswering(ownerName()))
  const tables = itemMappings.map(({ legacy }) => legacy)
  await beginObserving(databases.legacy, { capability: plan.capability, tables })
  await databases.admin.query(`DROP TABLE ${databases.legacy.controlSchema}.writer_sighting`)
  await insertItem(owner, 'still written')
  const [rows] = await owner.query<RowDataPacket[]>('SELECT ITEM_NM FROM ITEM_MST')
  expect(rows).toMatchObject([{ ITEM_NM: 'still written' }])
  await clearObservers(parts, plan).catch(() => {})
  expect(await observers()).toBe(0)
  await close()
})
