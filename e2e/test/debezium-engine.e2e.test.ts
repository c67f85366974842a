import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { createDebeziumSources } from '@strangler/migrations/cdc/debezium-sources.ts'
import { readPosition } from '@strangler/migrations/cdc/write-barrier.ts'
import { roundTrip } from '@strangler/migrations/cutover/round-trip.ts'
import { switchOwner } from '@strangler/migrations/cutover/switch-owner.ts'
import { cutoverDirection, rollbackDirection } from '@strangler/migrations/cutover/switcher.ts'
import type { Plan } from '@strangler/migrations/plan/plan.ts'
import { backfillStep } from '@strangler/migrations/steps/backfill-step.ts'
import { syncStep } from '@strangler/migrations/steps/sync-step.ts'
import { whatKafkaLacks } from '@strangler/stack/kafka-jars.ts'
import { plan as customersPlan } from '../../migrations/plans/customers.ts'
import {
  compareSides,
  connectOwner,
  createItemTables,
  eventually,
  itemMappings,
  openTestDatabases,
  silent,
  startWriters,
  type TestDatabases,
} from '../../migrations/test/cdc-support.ts'
import { type EngineKit, openEngineKit } from '../../migrations/test/engine-kit.ts'
import { type KafkaKit, startKafkaKit } from './kafka-kit.ts'

jest.setTimeout(180_000)

const plan: Plan = { ...customersPlan, capability: 'items', tables: itemMappings }
const lacking = await whatKafkaLacks()

if (lacking !== undefined)
  describe('the engine on Debezium', () => {
    test.skip(`skipped: ${lacking}`, () => {})
  })
else describe('the engine on Debezium', withKafka)

function withKafka(): void {
  let kit: KafkaKit
  let databases: TestDatabases
  let engine: EngineKit

  beforeAll(async () => {
    kit = await startKafkaKit({
      STRANGLER_DB_LEGACY_PASSWORD: 'secret',
      STRANGLER_DB_EXTRACTED_PASSWORD: 'secret',
    })
    databases = await openTestDatabases(kit.mariadb.adminUrl)
    await createItemTables(databases)
    const sources = createDebeziumSources({
      bootstrapServers: [kit.kafka.bootstrapServers],
      connectUrl: kit.connect.url,
      sidesOf: () => databases,
      log: silent,
    })
    engine = await openEngineKit(databases, plan, sources)
  }, 900_000)
  afterAll(async () => {
    await engine?.close()
    await databases?.close()
    await kit?.close()
  }, 120_000)

  const synced = async (side: 'legacy' | 'extracted') => {
    const position = await readPosition(databases[side])
    await engine.parts.syncs.current('items')!.sync.waitUntilApplied({ position }, { timeoutMs: 30_000 })
    const { expected, found } = await compareSides(databases)
    expect(found).toEqual(expected)
    expect(found.length).toBeGreaterThan(0)
  }
  const write = async (side: 'legacy' | 'extracted', sql: string) => {
    const owner = await connectOwner(databases, side)
    try {
      await owner.query(sql)
    } finally {
      await owner.end()
    }
  }

  test('copies at a position that the connector has seen, and keeps up while rows are written', async () => {
    const writers = startWriters(databases, 3)
    const context = { parts: engine.parts, plan, order: engine.order() }
    try {
      await backfillStep.apply(context)
      await syncStep.apply(context)
      await new Promise(resolve => setTimeout(resolve, 2_000))
    } finally {
      expect(await writers.stop()).toBeGreaterThan(0)
    }
    await synced('legacy')
  })

  test('proves the way back through the other connector', async () => {
    expect(await roundTrip(engine.parts, plan, 'extracted', new AbortController().signal)).toEqual([])
  })

  test('cuts over and rolls back, with the way back open at once and writes on both sides kept', async () => {
    for (let times = 0; times < 2; times++) {
      const there = await switchOwner(engine.parts, plan, cutoverDirection, engine.order())
      expect(there).toMatchObject({ owner: 'extracted', reversible: true })
      await write(
        'extracted',
        `INSERT INTO items (name, price, opened_on) VALUES ('there ${times}', 1, '2024-03-02')`,
      )
      await expect(write('legacy', 'DELETE FROM ITEM_PART')).rejects.toThrow('STRANGLER-FENCE')
      await synced('extracted')
      const back = await switchOwner(engine.parts, plan, rollbackDirection, engine.order())
      expect(back).toMatchObject({ owner: 'legacy', reversible: true })
      await write('legacy', `UPDATE ITEM_MST SET NOTE_TXT = 'back ${times}' ORDER BY ITEM_NO LIMIT 3`)
      await synced('legacy')
    }
  })
}
