import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import type { RowDataPacket } from 'mysql2/promise'
import { plan as customersPlan } from '../plans/customers.ts'
import { openBinlogSource } from '../src/cdc/binlog-source.ts'
import { writeSignal } from '../src/cdc/signal-table.ts'
import { cleanSignals } from '../src/cutover/clean-signals.ts'
import { roundTrip } from '../src/cutover/round-trip.ts'
import {
  createItemTables,
  itemMappings,
  openTestDatabases,
  silent,
  type TestDatabases,
} from './cdc-support.ts'

jest.setTimeout(60_000)

let databases: TestDatabases
beforeEach(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
})
afterEach(() => databases.close())

const plan = { ...customersPlan, capability: 'items', tables: itemMappings, writers: [] }
const sides = () => ({ legacy: databases.legacy, extracted: databases.extracted })

async function rowsOf(table: string): Promise<RowDataPacket[]> {
  const [rows] = await databases.admin.query<RowDataPacket[]>(
    `SELECT * FROM ${databases.legacy.controlSchema}.${table}`,
  )
  return rows
}

test('probes of the way back at the same time do not disturb each other, and leave nothing behind', async () => {
  const parts = {
    sidesOf: sides,
    sources: { ready: async () => {}, open: () => openBinlogSource },
    clock: systemClock,
    log: silent,
  } as unknown as Parameters<typeof roundTrip>[0]
  const probe = () => roundTrip(parts, plan, 'extracted', new AbortController().signal)
  expect(await Promise.all([probe(), probe(), probe()])).toEqual([[], [], []])
  for (const table of ['signal', 'applied_signal', 'checkpoint'])
    expect([table, await rowsOf(table)]).toEqual([table, []])
})

test('signals of earlier runs are forgotten, those of the last hour and heartbeats stay', async () => {
  const signal = { side: 'legacy', capability: 'items', epoch: 2 } as const
  await writeSignal(databases.legacy, { ...signal, id: 'old fence', kind: 'fence' })
  await writeSignal(databases.legacy, { ...signal, id: 'old beat', kind: 'heartbeat' })
  const control = databases.legacy.controlSchema
  await databases.admin.query(`UPDATE ${control}.signal SET at = at - INTERVAL 2 HOUR`)
  await writeSignal(databases.legacy, { ...signal, id: 'new fence', kind: 'fence' })
  await writeSignal(databases.legacy, { ...signal, id: 'other', kind: 'fence', capability: 'orders' })
  await databases.admin.query(
    `INSERT INTO ${control}.applied_signal (id, capability, direction, kind, epoch, applied_at)
     VALUES ('old', 'items', 'forward', 'fence', 1, NOW() - INTERVAL 2 HOUR), ('new', 'items', 'forward', 'fence', 2, UTC_TIMESTAMP())`,
  )
  await cleanSignals(sides(), 'items')
  expect((await rowsOf('signal')).map(({ id }) => id).sort()).toEqual(['new fence', 'old beat', 'other'])
  expect((await rowsOf('applied_signal')).map(({ id }) => id)).toEqual(['new'])
})
