import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { plan as customersPlan } from '../plans/customers.ts'
import { binlogSources } from '../src/cdc/change-sources.ts'
import { inspectFence, raiseFence } from '../src/cdc/fence.ts'
import { readPosition } from '../src/cdc/write-barrier.ts'
import { recover } from '../src/cutover/recover.ts'
import { switchOwner } from '../src/cutover/switch-owner.ts'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import { cutoverDirection, rollbackDirection, undoVerbs } from '../src/cutover/switcher.ts'
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
  eventually,
  itemMappings,
  openTestDatabases,
  silent,
  type TestDatabases,
} from './cdc-support.ts'
import { planned, testOrder } from './cutover-kit.ts'
import { fakeProxy } from './proxy-kit.ts'

jest.setTimeout(60_000)

const plan: Plan = { ...customersPlan, capability: 'items', tables: itemMappings }

/** What the proxy serves, and what happened to it in order. */
const proxy = { stage: 'canary', writes: 'legacy', epoch: 0, held: false, log: [] as string[] }

let databases: TestDatabases
let control: ControlSchema
let server: Awaited<ReturnType<typeof fakeProxy>>
let parts: SwitchParts
let lease: Lease

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  const owner = await connectOwner(databases, 'legacy')
  await owner.query(
    `INSERT INTO ITEM_MST VALUES (1, 'Äpfel', 250, '20240229', NULL, x'00ff'), (2, 'Birnen', -5, '20240101', 'süß', NULL);
     INSERT INTO ITEM_PART VALUES (1, 1, 'Kern')`,
  )
  await owner.end()
  const url = new URL(databases.legacy.toolkitUrl)
  url.pathname = `/${databases.legacy.controlSchema}`
  control = await openControlSchema(url.href, join(import.meta.dirname, '..', 'sql'))
  server = await fakeProxy(({ method, url: path, body }) => {
    proxy.log.push(`${method} ${path.split('?')[0]}`)
    if (path === '/admin/generations') {
      const [change] = (body as { changes: { stage: string; writes: string; epoch: number }[] }).changes
      Object.assign(proxy, change)
      return { body: { generation: proxy.log.length, hash: 'x' } }
    }
    if (method === 'POST') proxy.held = true
    if (method === 'DELETE') proxy.held = false
    const waits = { p50Ms: 1, p99Ms: 2, maxMs: 3 }
    return { body: method === 'DELETE' ? { released: 1, expired: 0, waits } : { inflight: 0, parked: 1 } }
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
})
afterAll(async () => {
  await parts.syncs.close()
  await lease.release()
  await parts.proxies[0]!.close()
  await server.close()
  await control.close()
  await databases.close()
})

const order = () => testOrder({ lease, signal: lease.lost })
const state = () => parts.journal.state(plan.capability)

async function write(side: 'legacy' | 'extracted', sql: string): Promise<void> {
  const owner = await connectOwner(databases, side)
  try {
    await owner.query(sql)
  } finally {
    await owner.end()
  }
}

async function names(side: 'legacy' | 'extracted'): Promise<string[]> {
  const owner = await connectOwner(databases, side)
  try {
    const [column, table] = side === 'legacy' ? ['ITEM_NM', 'ITEM_MST'] : ['name', 'items']
    const [rows] = await owner.query(`SELECT ${column} AS name FROM ${table} ORDER BY 1`)
    return (rows as { name: string }[]).map(({ name }) => name)
  } finally {
    await owner.end()
  }
}

async function fenced(): Promise<{ legacy: boolean; extracted: boolean }> {
  const standing = async (side: 'legacy' | 'extracted') => {
    const states = await inspectFence(
      databases[side],
      plan.tables.map(table => table[side].table),
    )
    return states.every(({ complete }) => complete)
  }
  return { legacy: await standing('legacy'), extracted: await standing('extracted') }
}

test('from the first copy on, only the applier writes on the extracted side', async () => {
  expect(await fenced()).toEqual({ legacy: false, extracted: true })
  await expect(write('extracted', "UPDATE items SET name = 'x'")).rejects.toThrow('STRANGLER-FENCE')
  expect(await names('extracted')).toEqual(['Äpfel', 'Birnen'])
})

test('the binlog that the way back will read begins anew before anything is held', async () => {
  const file = async () => {
    const [rows] = await databases.admin.query('SHOW MASTER STATUS')
    return (rows as { File: string }[])[0]!.File
  }
  const before = { file: await file(), held: proxy.log.length }
  const failing = {
    ...parts,
    journal: {
      ...parts.journal,
      begin: async () => {
        throw planned('begin')
      },
    },
  }
  await expect(switchOwner(failing, plan, cutoverDirection, order())).rejects.toMatchObject({
    code: 'PLANNED',
  })
  expect(proxy.log.slice(before.held)).toEqual([])
  expect(await file()).not.toBe(before.file)
})

test('a failure in the window leaves everything as it was: owner, fence, sync and routes', async () => {
  const failing = {
    ...parts,
    journal: {
      ...parts.journal,
      moveOwner: async () => {
        throw planned('moveOwner')
      },
    },
  }
  await expect(switchOwner(failing, plan, cutoverDirection, order())).rejects.toMatchObject({
    code: 'PLANNED',
  })
  expect(await state()).toMatchObject({
    owner: 'legacy',
    epoch: 1,
    epochSeen: 2,
    phase: 'syncing',
    run: null,
  })
  expect(await fenced()).toEqual({ legacy: false, extracted: true })
  expect(proxy).toMatchObject({ writes: 'legacy', held: false })
  await write('legacy', "INSERT INTO ITEM_MST VALUES (3, 'Kirschen', 1, '20240301', NULL, NULL)")
  await eventually(async () => (await names('extracted')).includes('Kirschen'))
})

test('a cutover moves the owner, turns fence and sync around, and writes flow back', async () => {
  proxy.log = []
  const result = await switchOwner(parts, plan, cutoverDirection, order())
  expect(result).toMatchObject({
    owner: 'extracted',
    epoch: 3,
    reversible: true,
    hold: { p99Ms: 2, released: 1 },
  })
  expect(await state()).toMatchObject({ owner: 'extracted', epoch: 3, phase: 'syncing', run: null })
  expect(await fenced()).toEqual({ legacy: true, extracted: false })
  expect(proxy).toMatchObject({ stage: 'extracted', writes: 'extracted', epoch: 3, held: false })
  expect(proxy.log[0]).toBe('POST /admin/holds')
  expect(proxy.log.at(-1)).toBe('DELETE /admin/holds/items')
  await expect(write('legacy', 'DELETE FROM ITEM_PART')).rejects.toThrow(
    'STRANGLER-FENCE capability items is written on the extracted side, epoch 3',
  )
  // An id beyond both sides, although the extracted side has never handed one out.
  await write(
    'extracted',
    "INSERT INTO items (name, price, opened_on) VALUES ('Datteln', 3.10, '2024-03-02')",
  )
  await eventually(async () => (await names('legacy')).includes('Datteln'))
})

test('a rollback is the same with the sides exchanged, after writes that only the extracted side has seen', async () => {
  await write('extracted', "UPDATE items SET name = 'Feigen' WHERE id = 1")
  const result = await switchOwner(parts, plan, rollbackDirection, order())
  expect(result).toMatchObject({ action: 'rollback', owner: 'legacy', stage: 'legacy', reversible: true })
  expect(await fenced()).toEqual({ legacy: false, extracted: true })
  expect(await names('legacy')).toEqual(['Birnen', 'Datteln', 'Feigen', 'Kirschen'])
  await write('legacy', "UPDATE ITEM_MST SET ITEM_NM = 'Gurken' WHERE ITEM_NO = 1")
  await eventually(async () => (await names('extracted')).includes('Gurken'))
})

test('there and back again, as often as one likes', async () => {
  for (let times = 0; times < 3; times++) {
    await switchOwner(parts, plan, cutoverDirection, order())
    await write('extracted', `UPDATE items SET note = 'there ${times}' WHERE id = 2`)
    await switchOwner(parts, plan, rollbackDirection, order())
    await write('legacy', `UPDATE ITEM_MST SET PRICE = ${times} WHERE ITEM_NO = 2`)
  }
  const position = await readPosition(databases.legacy)
  await parts.syncs.current('items')!.sync.waitUntilApplied({ position }, { timeoutMs: 5_000 })
  expect(await names('extracted')).toEqual(await names('legacy'))
  expect(await state()).toMatchObject({ owner: 'legacy', phase: 'syncing' })
})

test.each(undoVerbs.flatMap(verb => [`${verb}.before`, `${verb}.after`]))(
  'a revert that dies at %s is ended by the next engine',
  async point => {
    const journal = {
      ...parts.journal,
      moveOwner: async () => {
        throw planned('moveOwner')
      },
    }
    let dead = false
    const failPoint = (name: string) => {
      dead ||= name === `cutover.${point}`
      if (dead) throw planned(name)
    }
    const dying = switchOwner({ ...parts, journal }, plan, cutoverDirection, { ...order(), failPoint })
    await expect(dying).rejects.toMatchObject({ code: 'REVERT_INCOMPLETE' })
    expect(await state()).toMatchObject({ owner: 'legacy', phase: 'switching' })
    const restarted = { ...parts, syncs: createSyncSupervisor(parts.sidesOf, silent, systemClock) }
    try {
      expect(await recover(restarted, plan, order())).toBe('reverted')
      expect(await state()).toMatchObject({ owner: 'legacy', phase: 'syncing', run: null })
      expect(await fenced()).toEqual({ legacy: false, extracted: true })
      expect(proxy).toMatchObject({ writes: 'legacy', held: false })
      await write('legacy', `UPDATE ITEM_MST SET ITEM_NM = '${point}' WHERE ITEM_NO = 1`)
      await eventually(async () => (await names('extracted')).includes(point))
    } finally {
      await restarted.syncs.close()
      await parts.syncs.stop('items')
      await parts.syncs.ensure(plan, await state())
    }
  },
)

test('what an engine left before the point of no return is taken back, twice as well as once', async () => {
  const run = await parts.journal.begin(lease, { id: randomUUID(), action: 'cutover', operator: 'killed' })
  await raiseFence(databases.legacy, {
    capability: 'items',
    writtenOn: 'extracted',
    epoch: run.epoch,
    tables: ['ITEM_MST', 'ITEM_PART'],
    lockWaitMs: 2_000,
  })
  proxy.held = true
  await parts.syncs.stop('items')
  expect(await recover(parts, plan, order())).toBe('reverted')
  expect(await recover(parts, plan, order())).toBe('nothing')
  expect(await fenced()).toEqual({ legacy: false, extracted: true })
  expect(await state()).toMatchObject({ owner: 'legacy', phase: 'syncing', run: null })
  expect(proxy).toMatchObject({ writes: 'legacy', held: false })
  expect(parts.syncs.current('items')).toMatchObject({ source: 'legacy' })
  expect(parts.syncs.current('items')!.sync.status().running).toBe(true)
})

test('what an engine left after it is finished by the journal alone, with nothing in memory', async () => {
  const before = await state()
  const run = await parts.journal.begin(lease, { id: randomUUID(), action: 'cutover', operator: 'killed' })
  const tables = ['ITEM_MST', 'ITEM_PART']
  const fence = {
    capability: 'items',
    writtenOn: 'extracted' as const,
    epoch: run.epoch,
    tables,
    lockWaitMs: 2_000,
  }
  await raiseFence(databases.legacy, fence)
  await parts.syncs.stop('items')
  const result = await readPosition(databases.extracted)
  await parts.journal.record(lease, run, 'switching', [
    { verb: 'prepareReverse', moment: 'after', details: { result } },
  ])
  await parts.journal.moveOwner(lease, run, before, 'extracted')
  const restarted = { ...parts, syncs: createSyncSupervisor(parts.sidesOf, silent, systemClock) }
  try {
    expect(await recover(restarted, plan, order())).toBe('finished')
    expect(await state()).toMatchObject({ owner: 'extracted', epoch: run.epoch, phase: 'syncing', run: null })
    expect(await fenced()).toEqual({ legacy: true, extracted: false })
    expect(proxy).toMatchObject({ stage: 'extracted', writes: 'extracted', epoch: run.epoch, held: false })
    await write('extracted', "UPDATE items SET name = 'Hagebutten' WHERE id = 1")
    await eventually(async () => (await names('legacy')).includes('Hagebutten'))
  } finally {
    await restarted.syncs.close()
  }
})
