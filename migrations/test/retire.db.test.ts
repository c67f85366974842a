import { join } from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { plan as customersPlan } from '../plans/customers.ts'
import { binlogSources } from '../src/cdc/change-sources.ts'
import { inspectFence } from '../src/cdc/fence.ts'
import { reconcileRoutes, recover } from '../src/cutover/recover.ts'
import { switchOwner } from '../src/cutover/switch-owner.ts'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import { cutoverDirection } from '../src/cutover/switcher.ts'
import { createEvidence } from '../src/journal/evidence.ts'
import { createJournal } from '../src/journal/journal.ts'
import { type Lease, takeLease } from '../src/journal/lease.ts'
import { type ControlSchema, openControlSchema } from '../src/journal/open-control-schema.ts'
import { createRollbackAlarms } from '../src/journal/rollback-alarms.ts'
import { carryOut } from '../src/operator/operator-verbs.ts'
import { createProxyAdmin } from '../src/operator/proxy-admin.ts'
import { createSyncSupervisor } from '../src/operator/supervise-sync.ts'
import { readVerb, type VerbName } from '../src/operator/verb-requests.ts'
import type { Plan } from '../src/plan/plan.ts'
import { backfillStep } from '../src/steps/backfill-step.ts'
import { syncStep } from '../src/steps/sync-step.ts'
import { verifyStep } from '../src/steps/verify-step.ts'
import {
  connectOwner,
  createItemTables,
  itemMappings,
  openTestDatabases,
  silent,
  type TestDatabases,
} from './cdc-support.ts'
import { planned, testOrder } from './cutover-kit.ts'
import { fakeProxy } from './proxy-kit.ts'

jest.setTimeout(60_000)

const plan: Plan = {
  ...customersPlan,
  capability: 'items',
  readBy: ['orders'],
  tables: itemMappings,
  gates: { ...customersPlan.gates, soakSeconds: 3_600 },
}
const stages: Record<string, string> = {}

let databases: TestDatabases
let control: ControlSchema
let server: Awaited<ReturnType<typeof fakeProxy>>
let parts: SwitchParts
let lease: Lease

/** Cut over, with the writer's clock two hours on, so that the soak is over; orders have moved. */
beforeEach(async () => {
  Object.assign(stages, { items: 'legacy', orders: 'extracted' })
  databases = await openTestDatabases()
  await createItemTables(databases)
  const url = new URL(databases.legacy.toolkitUrl)
  url.pathname = `/${databases.legacy.controlSchema}`
  control = await openControlSchema(url.href, join(import.meta.dirname, '..', 'sql'))
  let writes = 'legacy'
  server = await fakeProxy(({ url: path, body }) => {
    if (path === '/admin/generations') {
      const [change] = (body as { changes: { capability: string; stage: string; writes?: string }[] }).changes
      stages[change!.capability] = change!.stage
      writes = change!.writes ?? writes
    }
    const capabilities = Object.entries(stages).map(([name, stage]) => ({ name, stage, writes, hold: null }))
    const waits = { p50Ms: 1, p99Ms: 2, maxMs: 3 }
    return {
      body: {
        generation: 2,
        hash: 'x',
        capabilities,
        problems: [],
        inflight: 0,
        released: 1,
        expired: 0,
        waits,
      },
    }
  })
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
  const context = { parts, plan, order: order() }
  await backfillStep.apply(context)
  await syncStep.apply(context)
  await write('legacy', "INSERT INTO ITEM_MST (ITEM_NM, PRICE, OPEN_DT) VALUES ('Birnen', 1, '20240101')")
  await switchOwner(parts, plan, cutoverDirection, order())
  await verifyStep.apply(context)
  await control.pool.query('UPDATE journal SET at = at - INTERVAL 2 HOUR')
})
afterEach(async () => {
  await parts.syncs.close()
  await lease.release()
  await parts.proxies[0]!.close()
  await server.close()
  await control.close()
  await databases.close()
})

const order = (failPoint: (name: string) => void = () => {}) =>
  testOrder({ lease, signal: lease.lost, failPoint })
const ask = (verb: VerbName, body: object = {}, on = parts) =>
  carryOut(on, plan, readVerb(verb, body), order())
const retire = (more: object = {}) => ask('stage', { stage: 'retired', reason: 'in peace', ...more })
const codesOf = ({ result }: { result: Record<string, unknown> }) =>
  ((result.refusals ?? []) as { code: string }[]).map(({ code }) => code)

async function write(side: 'legacy' | 'extracted', sql: string): Promise<void> {
  const owner = await connectOwner(databases, side)
  try {
    await owner.query(sql)
  } finally {
    await owner.end()
  }
}

test('a retired capability is no longer synced, stays fenced on legacy, and has no way back', async () => {
  const { result, exit } = await retire()
  expect([exit, result]).toMatchObject([0, { stage: 'retired', verifiedRows: 1, writes: 'extracted' }])
  expect(stages.items).toBe('retired')
  expect(await parts.journal.state('items')).toMatchObject({ phase: 'retired', owner: 'extracted' })
  expect(parts.syncs.current('items')!.sync.status().running).toBe(false)
  await expect(write('legacy', 'DELETE FROM ITEM_MST')).rejects.toThrow('STRANGLER-FENCE')
  await write('extracted', "UPDATE items SET name = 'Quitten'")
  for (const verb of ['rollback', 'cutover', 'verify'] as const)
    expect(codesOf(await ask(verb))).toEqual(['RETIRED'])
  expect(codesOf(await ask('stage', { stage: 'extracted', reason: 'back' }))).toEqual(['RETIRED'])
  expect((await retire()).exit).toBe(0)
  expect((await ask('run', { to: 'retired' })).exit).toBe(0)
})

test('an engine that starts again starts no sync of it, and puts the routes where they belong', async () => {
  await retire()
  stages.items = 'extracted'
  const restarted = { ...parts, syncs: createSyncSupervisor(parts.sidesOf, silent, systemClock) }
  expect(await recover(restarted, plan, order())).toBe('nothing')
  expect(await restarted.syncs.ensure(plan, await parts.journal.state('items'))).toBeUndefined()
  await reconcileRoutes(restarted, plan, 'test')
  expect(stages.items).toBe('retired')
})

test('everything that speaks against it is named with its numbers; force passes the soak alone', async () => {
  await control.pool.query('UPDATE journal SET at = UTC_TIMESTAMP(6) - INTERVAL 60 SECOND')
  await control.pool.query('UPDATE verification SET at = at - INTERVAL 2 DAY')
  stages.orders = 'canary'
  const refusals = (await retire()).result.refusals as { code: string; message: string }[]
  expect(refusals.map(({ code }) => code)).toEqual(['SOAK_NOT_OVER', 'VERIFY_STALE', 'STILL_READ'])
  expect(refusals[0]!.message).toMatch(/^the extracted side has owned items for 6\d s < 3600 s$/)
  expect(refusals[2]!.message).toBe('orders is in stage canary: the monolith still reads items for it')
  expect(codesOf(await retire({ force: true }))).toEqual(['VERIFY_STALE', 'STILL_READ'])
  expect(stages.items).toBe('extracted')
  stages.orders = 'extracted'
  await ask('verify')
  const forced = await retire({ force: true })
  expect([forced.exit, forced.result.forced]).toMatchObject([0, [{ code: 'SOAK_NOT_OVER' }]])
})

test('another plan that depends on it, or reads it, keeps it from being retired', async () => {
  stages.quotes = 'legacy'
  const quotes: Plan = { ...customersPlan, capability: 'quotes', dependsOn: ['items'] }
  const plans = new Map([[quotes.capability, quotes]])
  expect(codesOf(await ask('stage', { stage: 'retired', reason: 'x' }, { ...parts, plans }))).toEqual([
    'STILL_READ',
  ])
})

test('sides that differ are not retired, and go on being synced', async () => {
  const { admin } = databases
  const schema = new URL(databases.legacy.toolkitUrl).pathname.slice(1)
  for (const { table } of await inspectFence(databases.legacy, ['ITEM_MST']))
    await admin.query(`DROP TRIGGER ${schema}.strangler_fence_upd_${table}`)
  await write('legacy', "UPDATE ITEM_MST SET ITEM_NM = 'Pflaumen'")
  await expect(retire()).rejects.toMatchObject({ code: 'VERIFY_DIVERGED' })
  expect(await parts.journal.state('items')).toMatchObject({ phase: 'syncing' })
  expect(parts.syncs.current('items')!.sync.status().running).toBe(true)
  expect(stages.items).toBe('extracted')
})

test('a repair writes what differs anew from the owner; the evidence is of what stands then', async () => {
  const { admin } = databases
  const schema = new URL(databases.legacy.toolkitUrl).pathname.slice(1)
  await admin.query(`DROP TRIGGER ${schema}.strangler_fence_upd_ITEM_MST`)
  await write('legacy', "UPDATE ITEM_MST SET ITEM_NM = 'Pflaumen'")
  expect((await ask('verify')).exit).toBe(4)
  const { result, exit } = await ask('verify', { repair: true })
  expect([exit, result]).toMatchObject([0, { ok: true, repaired: 1 }])
  expect(await parts.evidence.lastVerification('items')).toMatchObject({ ok: true, diverged: 0 })
  expect((await ask('verify')).result).toMatchObject({ ok: true })
})

test.each(['retire.stopSync.before', 'retire.journal.before', 'retire.journal.after'])(
  'an engine that dies at %s leaves something that a rerun ends',
  async point => {
    const dying = order(name => {
      if (name === point) throw planned(name)
    })
    const body = { stage: 'retired', reason: 'in peace' }
    await expect(carryOut(parts, plan, readVerb('stage', body), dying)).rejects.toMatchObject({
      code: 'PLANNED',
    })
    await parts.syncs.ensure(plan, await parts.journal.state('items'))
    expect((await retire()).exit).toBe(0)
    expect(stages.items).toBe('retired')
    expect(await parts.journal.state('items')).toMatchObject({ phase: 'retired' })
  },
)
