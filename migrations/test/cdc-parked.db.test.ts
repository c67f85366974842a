import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { pino } from 'pino'
import request from 'supertest'
import { plan as customersPlan } from '../plans/customers.ts'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import type { Audit, Deed } from '../src/journal/audit.ts'
import type { Engine } from '../src/operator/engine.ts'
import { createOperatorApi } from '../src/operator/operator-api.ts'
import { createSyncSupervisor } from '../src/operator/supervise-sync.ts'
import type { Plan } from '../src/plan/plan.ts'
import {
  connectOwner,
  createItemTables,
  eventually,
  itemMappings,
  openTestDatabases,
  serverPosition,
  silent,
  type TestDatabases,
} from './cdc-support.ts'

const plan: Plan = { ...customersPlan, capability: 'items', tables: itemMappings }
const state = { owner: 'legacy', epoch: 1, phase: 'syncing' }

let databases: TestDatabases
let parts: SwitchParts
const deeds: Deed[] = []

beforeAll(async () => {
  databases = await openTestDatabases()
  await createItemTables(databases)
  const sidesOf = () => ({ legacy: databases.legacy, extracted: databases.extracted })
  parts = {
    journal: { state: async () => state },
    syncs: createSyncSupervisor(sidesOf, silent, systemClock),
    sidesOf,
  } as unknown as SwitchParts
})
afterAll(async () => {
  await parts.syncs.close()
  await databases.close()
})

test('an operator sees a parked change, tries it again, and leaves it out for a reason that the audit log keeps', async () => {
  const api = createOperatorApi({
    engine: {} as Engine,
    parts,
    plans: new Map([['items', plan]]),
    audit: {
      append: async (deed: Deed) => {
        deeds.push(deed)
      },
    } as unknown as Audit,
    token: 'token',
    operational: () => false,
    log: pino({ level: 'silent' }),
  })
  const call = (method: 'get' | 'post', path: string) =>
    request(api)[method](`/sync/items/${path}`).set('authorization', 'Bearer token')
  const { sync } = (await parts.syncs.ensure(plan, state as never, await serverPosition(databases.admin)))!
  const stopped = () => eventually(() => !sync.status().running)
  const owner = await connectOwner(databases, 'legacy')
  await owner.query(`INSERT INTO ITEM_MST VALUES (1, 'no date', 1, '2024AB01', NULL, NULL)`)
  await stopped()

  const { body: parked } = await call('get', 'parked').expect(200)
  expect(parked).toMatchObject([{ order: 1, code: 'DATABASE_1292', attempts: 1 }])
  const skip = `parked/${parked[0].id}/skip`
  await call('post', 'retry').send({}).expect(400)
  await call('post', 'retry').send({ by: 'ann', reason: 'looked mended' }).expect(200)
  await stopped()
  expect((await call('get', 'parked')).body).toMatchObject([{ attempts: 2 }])

  await call('post', skip).send({ by: 'ann' }).expect(400)
  await call('post', 'parked/999999/skip').send({ by: 'ann', reason: 'x' }).expect(404)
  const { body: status } = await call('post', skip).send({ by: 'ann', reason: 'ticket 7' }).expect(200)
  expect(status).toMatchObject({ running: true })
  await owner.query(`INSERT INTO ITEM_MST VALUES (2, 'fine', 1, '20240101', NULL, NULL)`)
  await sync.waitUntilApplied({ position: await serverPosition(databases.admin) }, { timeoutMs: 10_000 })
  await owner.end()
  expect((await call('get', 'parked')).body).toEqual([])
  expect(deeds.map(({ verb, operator, reason }) => [verb, operator, reason])).toEqual([
    ['retry', 'ann', 'looked mended'],
    ['skip', 'ann', 'x'],
    ['skip', 'ann', 'ticket 7'],
  ])
}, 40_000)
