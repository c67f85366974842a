import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { createJournal, type Journal } from '../src/journal/journal.ts'
import { type Lease, takeLease } from '../src/journal/lease.ts'
import { makeControlSchema, type TestSchema } from './control-schema-kit.ts'

jest.setTimeout(60_000)

let schema: TestSchema
let journal: Journal
let serial = 0

beforeAll(async () => {
  schema = await makeControlSchema(process.env.STRANGLER_TEST_DB!)
  journal = createJournal(schema.pool)
})
afterAll(() => schema.drop())

async function syncing(): Promise<{ capability: string; lease: Lease }> {
  const capability = `capability-${++serial}`
  await journal.state(capability)
  const lease = await takeLease(schema.connect, capability, 'test')
  await journal.movePhase(lease, ['planned'], 'copying')
  await journal.movePhase(lease, ['copying'], 'syncing')
  return { capability, lease }
}

const begin = (lease: Lease) => journal.begin(lease, { id: randomUUID(), action: 'cutover', operator: 'ann' })

test('a capability seen for the first time is owned by legacy, at epoch 1, with nothing planned yet', async () => {
  expect(await journal.state('fresh')).toEqual({
    capability: 'fresh',
    owner: 'legacy',
    epoch: 1,
    epochSeen: 1,
    phase: 'planned',
    run: null,
  })
})

test('a phase moves only from where it was expected to be', async () => {
  const { capability, lease } = await syncing()
  expect(await journal.movePhase(lease, ['planned', 'copying'], 'syncing')).toBe(false)
  expect((await journal.state(capability)).phase).toBe('syncing')
  await lease.release()
})

test('owner and epoch move together, with the entry, and the run ends at rest', async () => {
  const { capability, lease } = await syncing()
  const before = await journal.state(capability)
  const run = await begin(lease)
  expect(run.epoch).toBe(2)
  expect(await journal.state(capability)).toMatchObject({ phase: 'switching', epoch: 1, run: run.id })
  await journal.record(lease, run, 'switching', [
    { verb: 'hold', moment: 'before' },
    { verb: 'hold', moment: 'after', details: { ms: 3 } },
  ])
  await journal.moveOwner(lease, run, before, 'extracted')
  expect(await journal.state(capability)).toMatchObject({ owner: 'extracted', epoch: 2, phase: 'switched' })
  await journal.finish(lease, run, 'syncing')
  expect(await journal.state(capability)).toMatchObject({ phase: 'syncing', run: null })
  const entries = await journal.entries(capability, run.id)
  expect(entries.map(({ verb, moment }) => `${verb} ${moment}`)).toEqual([
    'begin after',
    'hold before',
    'hold after',
    'owner after',
    'finish after',
  ])
  expect(entries[2]!.details).toEqual({ ms: 3 })
  await lease.release()
})

test('of two that move the owner from the same epoch, one wins', async () => {
  const { capability, lease } = await syncing()
  const before = await journal.state(capability)
  const run = await begin(lease)
  const both = await Promise.allSettled([
    journal.moveOwner(lease, run, before, 'extracted'),
    journal.moveOwner(lease, run, before, 'extracted'),
  ])
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'EPOCH_STALE' } })
  const moved = (await journal.entries(capability, run.id)).filter(({ verb }) => verb === 'owner')
  expect(moved).toHaveLength(1)
  await lease.release()
})

test('an epoch given to a run that was taken back is never given again', async () => {
  const { capability, lease } = await syncing()
  const first = await begin(lease)
  await journal.finish(lease, first, 'syncing')
  const second = await begin(lease)
  expect([first.epoch, second.epoch]).toEqual([2, 3])
  expect((await journal.state(capability)).epoch).toBe(1)
  await lease.release()
})

test('a run cannot begin while another is unfinished', async () => {
  const { lease } = await syncing()
  await begin(lease)
  await expect(begin(lease)).rejects.toMatchObject({ code: 'RUN_UNFINISHED' })
  await lease.release()
})

test('what a former holder of the lease still writes is refused and leaves no trace', async () => {
  const { capability, lease } = await syncing()
  const before = await journal.state(capability)
  const run = await begin(lease)
  await lease.release()
  const next = await takeLease(schema.connect, capability, 'bob')
  const late = [
    journal.record(lease, run, 'switching', [{ verb: 'fence', moment: 'before' }]),
    journal.moveOwner(lease, run, before, 'extracted'),
    journal.finish(lease, run, 'syncing'),
  ]
  for (const write of late) await expect(write).rejects.toMatchObject({ code: 'LEASE_LOST' })
  expect(await journal.movePhase(lease, ['switching'], 'syncing')).toBe(false)
  expect(await journal.state(capability)).toMatchObject({ owner: 'legacy', phase: 'switching' })
  expect((await journal.entries(capability, run.id)).map(({ verb }) => verb)).toEqual(['begin'])
  await next.release()
})

test('a switch without a way back keeps its run, which knows where the way back starts', async () => {
  const { capability, lease } = await syncing()
  const run = await begin(lease)
  await journal.finish(lease, run, 'irreversible')
  expect(await journal.state(capability)).toMatchObject({ phase: 'irreversible', run: run.id })
  await lease.release()
})

test('the journal of a capability is told newest first, each entry between its phases', async () => {
  const { capability, lease } = await syncing()
  const run = await begin(lease)
  await journal.record(lease, run, 'switching', [
    { verb: 'hold', moment: 'before' },
    { verb: 'hold', moment: 'failed', details: { error: 'a proxy is silent' } },
  ])
  const told = await journal.recent(capability, 2)
  expect(told).toMatchObject([
    { verb: 'hold', moment: 'failed', epoch: 2, operator: 'ann', details: { error: 'a proxy is silent' } },
    { verb: 'hold', moment: 'before', run: run.id, phaseAfter: 'switching' },
  ])
  expect(await journal.recent('never-seen', 10)).toEqual([])
  await lease.release()
})
