import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { plan as customersPlan } from '../plans/customers.ts'
import { binlogSources } from '../src/cdc/change-sources.ts'
import { readPosition } from '../src/cdc/write-barrier.ts'
import { moveWriteOwner } from '../src/cutover/cutover.ts'
import { createLiveSwitcher } from '../src/cutover/live-switcher.ts'
import { performRun } from '../src/cutover/perform-run.ts'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import { cutoverDirection, type Switcher } from '../src/cutover/switcher.ts'
import { connectApplier } from '../src/data/database.ts'
import { countTokens } from '../src/drill/count-tokens.ts'
import { createLedger, type Ledger, prove } from '../src/drill/ledger.ts'
import { createEvidence } from '../src/journal/evidence.ts'
import { createJournal } from '../src/journal/journal.ts'
import { type Lease, takeLease } from '../src/journal/lease.ts'
import { type ControlSchema, openControlSchema } from '../src/journal/open-control-schema.ts'
import { createRollbackAlarms } from '../src/journal/rollback-alarms.ts'
import { createProxyAdmin } from '../src/operator/proxy-admin.ts'
import { createSyncSupervisor } from '../src/operator/supervise-sync.ts'
import type { Plan } from '../src/plan/plan.ts'
import { backfillStep } from '../src/steps/backfill-step.ts'
import { syncStep } from '../src/steps/sync-step.ts'
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

const plan: Plan = { ...customersPlan, capability: 'items', tables: itemMappings }
const count = {
  legacy: 'SELECT ITEM_NM AS token, COUNT(*) AS times FROM ITEM_MST WHERE ITEM_NM LIKE ? GROUP BY ITEM_NM',
  extracted: 'SELECT name AS token, COUNT(*) AS times FROM items WHERE name LIKE ? GROUP BY name',
}

let databases: TestDatabases
let control: ControlSchema
let server: Awaited<ReturnType<typeof fakeProxy>>
let parts: SwitchParts
let lease: Lease
let ledger: Ledger

beforeEach(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  const url = new URL(databases.legacy.toolkitUrl)
  url.pathname = `/${databases.legacy.controlSchema}`
  control = await openControlSchema(url.href, join(import.meta.dirname, '..', 'sql'))
  const waits = { p50Ms: 1, p99Ms: 2, maxMs: 3 }
  server = await fakeProxy(() => ({
    body: { generation: 2, hash: 'x', released: 1, expired: 0, waits, inflight: 0, parked: 1 },
  }))
  const sidesOf = () => ({ legacy: databases.legacy, extracted: databases.extracted })
  parts = {
    journal: createJournal(control.pool),
    evidence: createEvidence(control.pool),
    alarms: createRollbackAlarms(control.pool),
    proxies: [createProxyAdmin(server.url, 'token')],
    syncs: createSyncSupervisor(sidesOf, silent, systemClock),
    sources: binlogSources,
    sidesOf,
    entryUrl: '',
    clock: systemClock,
    log: silent,
  }
  await parts.journal.state(plan.capability)
  lease = await takeLease(control.connect, plan.capability, 'test')
  ledger = createLedger()
  const context = { parts, plan, order: testOrder({ lease, signal: lease.lost }) }
  await backfillStep.apply(context)
  await syncStep.apply(context)
})
afterEach(async () => {
  await parts.syncs.close()
  await lease.release()
  await parts.proxies[0]!.close()
  await server.close()
  await control.close()
  await databases.close()
})

/** A client's write, with what the client is told. */
async function write(side: 'legacy' | 'extracted', token: string): Promise<void> {
  const owner = await connectOwner(databases, side)
  const [table, name, opened] =
    side === 'legacy' ? ['ITEM_MST', 'ITEM_NM', 'OPEN_DT'] : ['items', 'name', 'opened_on']
  const date = side === 'legacy' ? '20240101' : '2024-01-01'
  try {
    await owner.query(`INSERT INTO ${table} (${name}, PRICE, ${opened}) VALUES (?, 1, ?)`, [
      `t-${token}`,
      date,
    ])
    ledger.record(`t-${token}`, 'acknowledged')
  } catch {
    ledger.record(`t-${token}`, 'failed')
  } finally {
    await owner.end()
  }
}

/** What no client may do: past the fence, as a defect of the toolkit would. */
async function tamper(side: 'legacy' | 'extracted', sql: string): Promise<void> {
  const applier = await connectApplier(databases[side], side === 'legacy' ? 'reverse' : 'forward')
  try {
    await applier.query(sql)
  } finally {
    await applier.end()
  }
}

/** A cutover with writes before and after it, some of its verbs replaced by defective ones. */
async function cutOver(defect: (verbs: Switcher) => Partial<Switcher>) {
  await write('legacy', 'before')
  const before = await parts.journal.state(plan.capability)
  const order = testOrder({ lease, signal: lease.lost })
  const run = await parts.journal.begin(lease, { id: randomUUID(), action: 'cutover', operator: 'test' })
  const live = createLiveSwitcher(parts, plan, cutoverDirection, order, run, before)
  const defective = { ...live, verbs: { ...live.verbs, ...defect(live.verbs) } }
  await performRun(parts, { direction: cutoverDirection, order, run, live: defective }, moveWriteOwner)
  await write('extracted', 'after')
  const position = await readPosition(databases.extracted)
  await parts.syncs.current('items')!.sync.waitUntilApplied({ position }, { timeoutMs: 5_000 })
}

async function check() {
  const [legacy, extracted] = await Promise.all([
    countTokens(databases.legacy, count.legacy, 't'),
    countTokens(databases.extracted, count.extracted, 't'),
  ])
  return prove(ledger.outcomes(), { legacy, extracted })
}

const stray = (verbs: Switcher): Partial<Switcher> => ({
  // After the last verification: an earlier one is already found by that.
  liftAutoIncrement: async signal => {
    await verbs.liftAutoIncrement(signal)
    await write('legacy', 'stray')
  },
})
const releaseBack = (verbs: Switcher): Partial<Switcher> => ({
  release: async signal => {
    await write('legacy', 'held')
    return verbs.release(signal)
  },
})
const skipFence: Partial<Switcher> = { fence: async () => {} }

test('without a defect nothing is found: a stray writer is refused, and knows it', async () => {
  await cutOver(stray)
  expect(ledger.outcomes().get('t-stray')).toBe('failed')
  expect(await check()).toEqual({
    acknowledged: 2,
    unknown: 0,
    unknownApplied: 0,
    lost: [],
    duplicated: [],
    apart: [],
  })
})

test('a skipped fence is found: what the stray writer was promised is lost', async () => {
  await cutOver(verbs => ({ ...stray(verbs), ...skipFence }))
  expect(await check()).toMatchObject({ lost: ['t-stray'], apart: ['t-stray'] })
})

test('a dropped change is found before the owner moves, and by the ledger', async () => {
  const dropping = cutOver(verbs => ({
    catchUp: async (position, signal) => {
      await verbs.catchUp(position, signal)
      await tamper('extracted', "DELETE FROM items WHERE name = 't-before'")
    },
  }))
  await expect(dropping).rejects.toMatchObject({ code: 'VERIFY_DIVERGED' })
  expect(await parts.journal.state('items')).toMatchObject({ owner: 'legacy', phase: 'syncing' })
  expect(await check()).toMatchObject({ lost: ['t-before'] })
})

test('a change applied twice is found', async () => {
  await cutOver(() => ({}))
  await tamper('legacy', "INSERT INTO ITEM_MST (ITEM_NM, PRICE, OPEN_DT) VALUES ('t-after', 1, '20240101')")
  expect(await check()).toMatchObject({ lost: [], duplicated: ['t-after'], apart: ['t-after'] })
})

test('held writes released to the former owner are refused by the fence', async () => {
  await cutOver(releaseBack)
  expect(ledger.outcomes().get('t-held')).toBe('failed')
  expect((await check()).lost).toEqual([])
})

test('held writes released to the former owner with no fence before them are lost, and found', async () => {
  await cutOver(verbs => ({ ...releaseBack(verbs), ...skipFence }))
  expect(await check()).toMatchObject({ lost: ['t-held'] })
})
