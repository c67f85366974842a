import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import type { Connection } from 'mysql2/promise'
import { backfill } from '../src/cdc/backfill.ts'
import { repair } from '../src/cdc/repair.ts'
import type { Sync } from '../src/cdc/sync.ts'
import { verify } from '../src/cdc/verify.ts'
import { connectApplier } from '../src/data/database.ts'
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
let applier: Connection
let sync: Sync

const signal = new AbortController().signal

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  legacy = await connectOwner(databases, 'legacy')
  await legacy.query(`INSERT INTO ITEM_MST SELECT seq, CONCAT('Ding ', seq), seq, '20240229', NULL, NULL FROM seq_1_to_400;
    INSERT INTO ITEM_PART SELECT seq, seq, CONCAT('Teil ', seq) FROM seq_1_to_400`)
  const { position } = await backfill({
    capability: 'items',
    direction: 'forward',
    tables: itemMappings,
    source: databases.legacy,
    target: databases.extracted,
    epoch: 1,
    log: silent,
    clock: systemClock,
    signal,
    onProgress: () => {},
  })
  sync = syncOf(databases, 'items')
  await sync.start(position)
  // whose transactions no stream carries on
  applier = await connectApplier(databases.extracted, 'reverse')
})
afterAll(async () => {
  await sync?.stop()
  await applier?.end()
  await legacy?.end()
  await databases?.close()
})

const mend = () =>
  repair({
    capability: 'items',
    direction: 'forward',
    tables: itemMappings,
    source: databases.legacy,
    target: databases.extracted,
    sync,
    clock: systemClock,
    signal,
  })

async function expectEqual(): Promise<void> {
  await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 20_000 })
  const { expected, found } = await compareSides(databases)
  expect(found).toEqual(expected)
}

test('has nothing to do where nothing differs', async () => {
  expect(await mend()).toMatchObject({ before: { ok: true }, repaired: 0, after: null })
})

test('mends what is missing, extra or different, parents and children in their order', async () => {
  await applier.query("INSERT INTO items VALUES (9001, 'zu viel', 1, '2024-01-01', NULL, NULL)")
  await applier.query("INSERT INTO item_parts VALUES (9001, 9001, 'zu viel')")
  await applier.query('DELETE FROM item_parts WHERE item_id IN (7, 8)')
  await applier.query('DELETE FROM items WHERE id IN (7, 8)')
  await applier.query("UPDATE items SET name = 'DING 9', price = price + 0.01 WHERE id BETWEEN 9 AND 40")
  const result = await mend()
  expect(result.before.ok).toBe(false)
  expect(result).toMatchObject({ repaired: 38, after: { ok: true } })
  await expectEqual()
})

test('never writes what is older over what is newer, while the same rows are written', async () => {
  const writers = startWriters(databases, 3)
  for (let round = 0; round < 3; round++) {
    await applier.query("UPDATE items SET name = 'falsch' WHERE id % 4 = 0")
    await mend()
  }
  await writers.stop()
  await expectEqual()
})

test('a verification that is to go slowly does, and compares the same', async () => {
  const began = performance.now()
  const result = await verify({
    direction: 'forward',
    tables: itemMappings.slice(0, 1),
    source: databases.legacy,
    target: databases.extracted,
    sync,
    rowsPerSecond: 1_000,
    clock: systemClock,
    signal,
  })
  expect(result.ok).toBe(true)
  expect(performance.now() - began).toBeGreaterThan(result.tables[0]!.rows * 0.9)
})
