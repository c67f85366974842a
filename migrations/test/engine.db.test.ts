import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { plan } from '../plans/customers.ts'
import { binlogSources } from '../src/cdc/change-sources.ts'
import { killAt } from '../src/cutover/fail-points.ts'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import { type Audit, createAudit } from '../src/journal/audit.ts'
import { createEvidence } from '../src/journal/evidence.ts'
import { createJournal } from '../src/journal/journal.ts'
import { takeLease } from '../src/journal/lease.ts'
import { createRollbackAlarms } from '../src/journal/rollback-alarms.ts'
import { createEngine, type Engine } from '../src/operator/engine.ts'
import { createProxyAdmin } from '../src/operator/proxy-admin.ts'
import { readVerb } from '../src/operator/verb-requests.ts'
import { silent } from './cdc-support.ts'
import { makeControlSchema, type TestSchema } from './control-schema-kit.ts'
import { fakeProxy } from './proxy-kit.ts'

jest.setTimeout(60_000)

let schema: TestSchema
let server: Awaited<ReturnType<typeof fakeProxy>>
let parts: SwitchParts
let audit: Audit
let killed = 0

beforeAll(async () => {
  schema = await makeControlSchema(process.env.STRANGLER_TEST_DB!)
  const capability = { name: 'customers', stage: 'legacy', writes: 'legacy', percent: 10, hold: null }
  server = await fakeProxy(() => ({
    body: { generation: 2, hash: 'x', problems: [], capabilities: [capability] },
  }))
  audit = createAudit(schema.pool, () => new Date())
  parts = {
    journal: createJournal(schema.pool),
    evidence: createEvidence(schema.pool),
    alarms: createRollbackAlarms(schema.pool),
    proxies: [createProxyAdmin(server.url, 'token')],
    syncs: { current: () => undefined, close: async () => {} } as unknown as SwitchParts['syncs'],
    sources: binlogSources,
    sidesOf: () => ({}) as ReturnType<SwitchParts['sidesOf']>,
    entryUrl: '',
    clock: systemClock,
    log: silent,
  }
})
afterAll(async () => {
  await parts.proxies[0]!.close()
  await server.close()
  await schema.drop()
})

function build(changes: { audit?: Audit; faults?: boolean } = {}): Engine {
  return createEngine({
    parts,
    plans: new Map([[plan.capability, plan]]),
    audit: changes.audit ?? audit,
    connectControl: schema.connect,
    failPointFor: name => killAt(name, changes.faults ?? false, () => killed++),
  })
}

const stage = (wanted: object) => readVerb('stage', { by: 'ann', reason: 'because', ...wanted })
const swaps = () => server.seen.filter(({ url }) => url === '/admin/generations').length

test('a verb is audited when asked for and when done', async () => {
  const { exit } = await build().perform(plan, stage({ stage: 'legacy' }), () => {})
  expect(exit).toBe(0)
  const [done, asked] = await audit.last(2)
  expect(asked).toMatchObject({
    operator: 'ann',
    verb: 'stage',
    reason: 'because',
    details: { asked: { stage: 'legacy' } },
  })
  expect(done).toMatchObject({ operator: 'ann', verb: 'stage', details: { exit: 0, stage: 'legacy' } })
})

test('the second operator is refused and told who holds the lease; nothing is done', async () => {
  const lease = await takeLease(schema.connect, plan.capability, 'bob (cutover)')
  const before = swaps()
  const { result, exit } = await build().perform(plan, stage({ stage: 'legacy' }), () => {})
  expect(exit).toBe(3)
  expect(result).toMatchObject({
    refusals: [{ code: 'LEASE_HELD', message: 'customers is being changed by bob (cutover)' }],
  })
  expect(swaps()).toBe(before)
  await lease.release()
})

test('no deed without its entry: when the audit cannot be written, nothing is done', async () => {
  const broken: Audit = {
    ...audit,
    append: async () => {
      throw new Error('no space left on device')
    },
  }
  const before = swaps()
  const { exit } = await build({ audit: broken }).perform(plan, stage({ stage: 'legacy' }), () => {})
  expect(exit).toBe(1)
  expect(swaps()).toBe(before)
})

test('a refusal is audited with its code', async () => {
  const { result, exit } = await build().perform(plan, stage({ stage: 'canary', percent: 10 }), () => {})
  expect(exit).toBe(3)
  expect(result).toMatchObject({ refusals: [{ code: 'COPY_INCOMPLETE' }] })
  expect((await audit.last(1))[0]).toMatchObject({ details: { exit: 3, refusals: ['COPY_INCOMPLETE'] } })
})

test('a fault is refused where faults are not allowed, before anything is done', async () => {
  const request = readVerb('cutover', { by: 'ann', fault: { killEngineAt: 'cutover.begin.before' } })
  const { result, exit } = await build().perform(plan, request, () => {})
  expect([result.code, exit, killed]).toEqual(['FAULTS_OFF', 1, 0])
})

test('an engine that stops lets go of its leases', async () => {
  const engine = build()
  await engine.start()
  await engine.close()
  const lease = await takeLease(schema.connect, plan.capability, 'next')
  await lease.release()
})

test('the alarm that a cutover was given outlives the engine, and ends with the way back', async () => {
  await parts.alarms.set('customers', ['error-rate>1%'], 'ann')
  expect(await parts.alarms.of('customers')).toEqual(['error-rate>1%'])
  await parts.alarms.set('customers', ['lag>9000ms', 'error-rate>2%'], 'bob')
  expect(await createRollbackAlarms(schema.pool).of('customers')).toEqual(['lag>9000ms', 'error-rate>2%'])
  await parts.alarms.set('customers', [], 'bob')
  expect(await parts.alarms.of('customers')).toEqual([])
})
