import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { plan as catalogPlan, stock } from '../plans/catalog.ts'
import { inspectFence } from '../src/cdc/fence.ts'
import { fenceScopes } from '../src/cdc/fence-scope.ts'
import { preflightDatabases } from '../src/cdc/preflight-database.ts'
import { verify } from '../src/cdc/verify.ts'
import { readPosition } from '../src/cdc/write-barrier.ts'
import { roundTrip } from '../src/cutover/round-trip.ts'
import { switchOwner } from '../src/cutover/switch-owner.ts'
import { cutoverDirection, rollbackDirection } from '../src/cutover/switcher.ts'
import { connectApplier } from '../src/data/database.ts'
import type { Plan } from '../src/plan/plan.ts'
import { backfillStep } from '../src/steps/backfill-step.ts'
import { syncStep } from '../src/steps/sync-step.ts'
import { connectOwner, eventually, openTestDatabases, type TestDatabases } from './cdc-support.ts'
import { type EngineKit, openEngineKit } from './engine-kit.ts'

jest.setTimeout(60_000)

const root = join(import.meta.dirname, '..', '..')
const stockPlan: Plan = { ...catalogPlan, capability: 'stock', tables: [stock] }
type Side = 'legacy' | 'extracted'

let databases: TestDatabases
let legacy: Connection
let service: Connection
let catalog: EngineKit
let stocks: EngineKit

beforeAll(async () => {
  databases = await openTestDatabases()
  legacy = await connectOwner(databases, 'legacy')
  service = await connectOwner(databases, 'extracted')
  await legacy.query(await readFile(join(root, 'legacy-monolith/sql/001-shop.sql'), 'utf8'))
  await service.query(await readFile(join(root, 'extracted-services/catalog/sql/001-catalog.sql'), 'utf8'))
  await legacy.query(
    `INSERT INTO PRD_MST SELECT CONCAT('P-', seq), CONCAT('Produkt ', seq), seq * 100, 1000, 'Y', '20240229', '123456' FROM seq_1_to_50`,
  )
  catalog = await openEngineKit(databases, catalogPlan)
  stocks = await openEngineKit(databases, stockPlan)
})
afterAll(async () => {
  await catalog?.close()
  await stocks?.close()
  await legacy?.end()
  await service?.end()
  await databases?.close()
})

/** Of both sides, as one line for each product. */
async function rows(): Promise<Record<Side, string[]>> {
  const [old] = await legacy.query<RowDataPacket[]>(
    `SELECT CONCAT_WS('|', SKU, PRD_NM, PRC, STK_QTY, ACT_FLG) AS line FROM PRD_MST ORDER BY SKU`,
  )
  const [extracted] = await service.query<RowDataPacket[]>(
    `SELECT CONCAT_WS('|', p.sku, p.name, CAST(p.price * 100 AS INT), s.quantity, IF(p.active, 'Y', 'N')) AS line
       FROM products p LEFT JOIN stock s ON s.sku = p.sku ORDER BY p.sku`,
  )
  return { legacy: old.map(({ line }) => line), extracted: extracted.map(({ line }) => line) }
}

async function settled(): Promise<void> {
  for (let round = 0; round < 2; round++)
    for (const kit of [catalog, stocks]) {
      const current = kit.parts.syncs.current(kit === catalog ? 'catalog' : 'stock')!
      const position = await readPosition(databases[current.source])
      await current.sync.waitUntilApplied({ position }, { timeoutMs: 10_000 })
    }
}

async function expectEqual(): Promise<void> {
  await settled()
  const both = await rows()
  expect(both.extracted).toEqual(both.legacy)
}

const verifyGroup = (kit: EngineKit, plan: Plan) => {
  const { source, sync } = kit.parts.syncs.current(plan.capability)!
  return verify({
    direction: source === 'legacy' ? 'forward' : 'reverse',
    tables: plan.tables,
    source: databases[source],
    target: databases[source === 'legacy' ? 'extracted' : 'legacy'],
    sync,
    clock: systemClock,
    signal: new AbortController().signal,
  })
}

/** As the monolith's PlaceOrder does: it takes from the stock, whoever owns the rest of the row. */
function startOrders(): { stop(): Promise<{ placed: number; refused: number }> } {
  let stopping = false
  let [placed, refused] = [0, 0]
  const ordering = (async () => {
    const orders = await connectOwner(databases, 'legacy')
    for (let n = 0; !stopping; n++) {
      const sku = `P-${1 + (n % 50)}`
      await orders
        .query(
          `START TRANSACTION; SELECT PRC, STK_QTY FROM PRD_MST WHERE SKU = '${sku}' FOR UPDATE;
           UPDATE PRD_MST SET STK_QTY = STK_QTY - 1, CHG_DT = '20240301', CHG_TM = '0000${10 + (n % 50)}' WHERE SKU = '${sku}';
           COMMIT`,
        )
        .then(() => placed++)
        .catch(async () => {
          refused++
          await orders.query('ROLLBACK')
        })
    }
    await orders.end()
  })()
  return {
    async stop() {
      stopping = true
      await ordering
      return { placed, refused }
    },
  }
}

test('two capabilities copy and follow their columns of one table', async () => {
  expect(await preflightDatabases({ ...databases, tables: catalogPlan.tables, soakSeconds: 3_600 })).toEqual(
    [],
  )
  expect(await preflightDatabases({ ...databases, tables: stockPlan.tables, soakSeconds: 3_600 })).toEqual([])
  for (const [kit, plan] of [
    [catalog, catalogPlan],
    [stocks, stockPlan],
  ] as const) {
    const context = { parts: kit.parts, plan, order: kit.order() }
    await backfillStep.apply(context)
    await syncStep.apply(context)
  }
  await legacy.query(`INSERT INTO PRD_MST VALUES ('NEW-1', 'neu', 5, 17, 'Y', '20240301', '000000')`)
  await legacy.query(`UPDATE PRD_MST SET STK_QTY = 999, PRC = 7 WHERE SKU = 'P-1'`)
  await expectEqual()
  expect(await roundTrip(catalog.parts, catalogPlan, 'extracted', new AbortController().signal)).toEqual([])
  expect(await roundTrip(stocks.parts, stockPlan, 'extracted', new AbortController().signal)).toEqual([])
})

test('the catalog is cut over while orders take stock, none of which is refused', async () => {
  const orders = startOrders()
  const result = await switchOwner(catalog.parts, catalogPlan, cutoverDirection, catalog.order())
  expect(result).toMatchObject({ owner: 'extracted', reversible: true })
  await service.query(`UPDATE products SET price = 99.95, name = 'Ära' WHERE sku = 'P-2'`)
  await new Promise(resolve => setTimeout(resolve, 300))
  const { placed, refused } = await orders.stop()
  expect(placed).toBeGreaterThan(0)
  expect(refused).toBe(0)
  await expectEqual()
  expect((await rows()).legacy).toContainEqual(expect.stringMatching(/^P-2\|Ära\|9995\|/))
})

test('the fence on the legacy row lets exactly the columns pass that are left', async () => {
  const part = { capability: 'catalog', scopes: fenceScopes(catalogPlan.tables, 'legacy') }
  expect(await inspectFence(databases.legacy, ['PRD_MST'], part)).toMatchObject([{ complete: true }])
  const refused = 'STRANGLER-FENCE capability catalog is written on the extracted side'
  for (const statement of [
    `UPDATE PRD_MST SET PRC = 1 WHERE SKU = 'P-3'`,
    `UPDATE PRD_MST SET PRD_NM = 'PRODUKT 3' WHERE SKU = 'P-3'`,
    `UPDATE PRD_MST SET STK_QTY = 1, ACT_FLG = 'N' WHERE SKU = 'P-3'`,
    `UPDATE PRD_MST SET SKU = 'Q' WHERE SKU = 'P-3'`,
    `INSERT INTO PRD_MST VALUES ('X', 'x', 1, 1, 'Y', '20240301', '000000')`,
    `DELETE FROM PRD_MST WHERE SKU = 'P-3'`,
  ])
    await expect(legacy.query(statement)).rejects.toThrow(refused)
  await legacy.query(`UPDATE PRD_MST SET STK_QTY = 41, CHG_DT = '20240302', PRC = PRC WHERE SKU = 'P-3'`)
  await expect(service.query(`UPDATE stock SET quantity = 0`)).rejects.toThrow(
    'STRANGLER-FENCE capability stock is written on the legacy side',
  )
  await expectEqual()
})

test('a product that the service makes takes its first stock along', async () => {
  await service.query(
    `START TRANSACTION; INSERT INTO products VALUES ('BORN-1', 'neu hier', 3.50, TRUE, '2024-03-02 10:00:00');
     INSERT INTO stock VALUES ('BORN-1', 7, '2024-03-02 10:00:00'); COMMIT`,
  )
  await expectEqual()
  expect((await rows()).legacy).toContain('BORN-1|neu hier|350|7|Y')
  await legacy.query(`UPDATE PRD_MST SET STK_QTY = STK_QTY - 2 WHERE SKU = 'BORN-1'`)
  await expectEqual()
})

test('changes flow both ways at once in one row, and come to rest', async () => {
  const orders = startOrders()
  for (let n = 0; n < 100; n++)
    await service.query(`UPDATE products SET price = price + 0.01 WHERE sku = 'P-${1 + (n % 5)}'`)
  const { refused } = await orders.stop()
  expect(refused).toBe(0)
  await expectEqual()
  const applied = () =>
    [catalog.parts.syncs.current('catalog')!, stocks.parts.syncs.current('stock')!].map(
      ({ sync }) => sync.status().applied,
    )
  const before = applied()
  await settled()
  await settled()
  expect(applied()).toEqual(before)
})

test('a verification compares each group in its own direction, and nothing of the other', async () => {
  expect(await verifyGroup(catalog, catalogPlan)).toMatchObject({ ok: true })
  expect(await verifyGroup(stocks, stockPlan)).toMatchObject({ ok: true })
  // as an applier would: past the fence, and unseen by both streams
  const corrupt = async (sql: string) => {
    const applier = await connectApplier(databases.extracted, 'forward')
    await applier.query(sql)
    await applier.end()
  }
  await corrupt(`UPDATE stock SET quantity = quantity + 1 WHERE sku = 'P-9'`)
  expect(await verifyGroup(catalog, catalogPlan)).toMatchObject({ ok: true })
  expect(await verifyGroup(stocks, stockPlan)).toMatchObject({
    ok: false,
    samples: [{ kind: 'different', key: { sku: 'P-9' }, columns: ['quantity'] }],
  })
  await corrupt(`UPDATE stock SET quantity = quantity - 1 WHERE sku = 'P-9'`)
  await corrupt(`UPDATE products SET name = 'produkt 9' WHERE sku = 'P-9'`)
  expect(await verifyGroup(stocks, stockPlan)).toMatchObject({ ok: true })
  expect(await verifyGroup(catalog, catalogPlan)).toMatchObject({ ok: false })
  await corrupt(`UPDATE products SET name = 'Produkt 9' WHERE sku = 'P-9'`)
})

test('stock moves by itself, and each can come back by itself', async () => {
  await switchOwner(stocks.parts, stockPlan, cutoverDirection, stocks.order())
  await expect(legacy.query(`UPDATE PRD_MST SET STK_QTY = 0 WHERE SKU = 'P-4'`)).rejects.toThrow(
    'STRANGLER-FENCE capability stock is written on the extracted side',
  )
  await service.query(
    `START TRANSACTION; INSERT INTO products VALUES ('BORN-2', 'x', 1.00, TRUE, '2024-03-02 10:00:00');
     INSERT INTO stock VALUES ('BORN-2', 9, '2024-03-02 10:00:00'); COMMIT;
     UPDATE stock SET quantity = 8 WHERE sku = 'BORN-2'`,
  )
  await expectEqual()
  expect((await rows()).legacy).toContain('BORN-2|x|100|8|Y')
  await switchOwner(catalog.parts, catalogPlan, rollbackDirection, catalog.order())
  await legacy.query(`INSERT INTO PRD_MST VALUES ('BACK-1', 'y', 200, 5, 'N', '20240303', '000000')`)
  await eventually(async () => (await rows()).extracted.includes('BACK-1|y|200|5|N'))
  await service.query(`UPDATE stock SET quantity = 4 WHERE sku = 'BACK-1'`)
  await expectEqual()
  await switchOwner(stocks.parts, stockPlan, rollbackDirection, stocks.order())
  await legacy.query(`UPDATE PRD_MST SET STK_QTY = 1, PRC = 1 WHERE SKU = 'P-4'`)
  await expectEqual()
  expect(await inspectFence(databases.legacy, ['PRD_MST'])).toEqual([
    { table: 'PRD_MST', epoch: null, complete: false },
  ])
})
