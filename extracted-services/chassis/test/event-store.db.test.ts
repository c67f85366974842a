import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Pool } from 'mysql2/promise'
import { applyMigrations } from '../src/database/apply-migrations.ts'
import { createDatabasePool } from '../src/database/create-database-pool.ts'
import { withSession, withTransaction } from '../src/database/with-transaction.ts'
import type { Aggregate } from '../src/event-store/aggregate.ts'
import { changeAggregate, withRetriedTransaction } from '../src/event-store/change-aggregate.ts'
import {
  appendEvents,
  eventStoreMigrations,
  loadAggregate,
  readAudit,
  replayAggregate,
} from '../src/event-store/event-store.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'

type Event = { type: 'Added'; data: { cents: number } } | { type: 'Cleared'; data: Record<string, never> }
type State = { cents: number; cleared: number }

/** First it kept whole euros in `euros`; since form 2 cents. */
const purse: Aggregate<State, Event> = {
  name: 'purse',
  initial: { cents: 0, cleared: 0 },
  evolve: (state, event) => {
    if (event.type === 'Cleared') return { cents: 0, cleared: state.cleared + 1 }
    return { ...state, cents: state.cents + event.data.cents }
  },
  eventSchema: 2,
  upcast: ({ type, data }) => {
    if (type !== 'Added') return { type, data }
    return { type, data: { cents: (data as { euros: number }).euros * 100 } }
  },
  stateSchema: 1,
  snapshotEvery: 10,
}
const origin = { actor: 'ann', now: Date.UTC(2024, 1, 29, 12, 0, 0, 5) }
const added = (cents: number): Event => ({ type: 'Added', data: { cents } })

let schema: TestSchema
let pool: Pool

const append = (id: string, version: number, events: Event[], state: State = purse.initial) =>
  withTransaction(pool, session => appendEvents(session, purse, id, { state, version }, events, origin))
const load = (id: string) => withSession(pool, session => loadAggregate(session, purse, id))
const add = (id: string, cents: number) =>
  withRetriedTransaction(pool, session => changeAggregate(session, purse, id, origin, () => [added(cents)]))

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [eventStoreMigrations])
  pool = createDatabasePool(schema.url)
})

beforeEach(async () => {
  await schema.admin('DELETE FROM events; DELETE FROM snapshots')
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

test('has an aggregate as its events leave it, and nothing of one that nobody has heard of', async () => {
  await append('1', 0, [added(5), added(7), { type: 'Cleared', data: {} }, added(1)])
  expect(await load('1')).toEqual({ state: { cents: 1, cleared: 1 }, version: 4 })
  expect(await load('2')).toEqual({ state: purse.initial, version: 0 })
})

test('appends only to the version that was decided on', async () => {
  await append('1', 0, [added(1), added(2)])
  for (const version of [0, 1, 3])
    await expect(append('1', version, [added(9)])).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
      details: { stream: 'purse-1', expected: version },
    })
  expect((await load('1')).state.cents).toBe(3)
})

test('lets one of many through that append to the same version at once', async () => {
  const results = await Promise.allSettled(Array.from({ length: 15 }, () => append('1', 0, [added(1)])))
  const codes = results.flatMap(result => (result.status === 'rejected' ? [result.reason.code] : []))
  expect(codes).toEqual(Array(14).fill('VERSION_CONFLICT'))
  expect((await load('1')).version).toBe(1)
})

test('loses no change when several are retried', async () => {
  await Promise.all([1, 2, 3].map(n => add('1', n)))
  await Promise.all([4, 5, 6].map(n => add('1', n)))
  expect(await load('1')).toEqual({ state: { cents: 21, cleared: 0 }, version: 6 })
})

test('takes a snapshot every 10 versions and reads on from it', async () => {
  for (let n = 0; n < 25; n++) await add('1', 1)
  expect(await schema.admin('SELECT version, state FROM snapshots')).toEqual([
    { version: 20, state: '{"cents":20,"cleared":0}' },
  ])
  // The events before it are not read any more.
  await schema.admin(`UPDATE events SET data = '{"cents":1000}' WHERE version <= 20`)
  expect((await load('1')).state.cents).toBe(25)
  const replayed = await withSession(pool, session => replayAggregate(session, purse, '1'))
  expect(replayed.state.cents).toBe(20_005)
})

test('reads no snapshot of another form', async () => {
  for (let n = 0; n < 12; n++) await add('1', 1)
  await schema.admin(`UPDATE snapshots SET state = '{"amount":10}', schema_version = 0`)
  expect((await load('1')).state).toEqual({ cents: 12, cleared: 0 })
})

test('reads events of an older form in the form of now', async () => {
  const older: Aggregate<State, Event> = { ...purse, eventSchema: 1 }
  const written = { type: 'Added', data: { euros: 3 } } as unknown as Event
  await withTransaction(pool, session =>
    appendEvents(session, older, '1', { state: purse.initial, version: 0 }, [written], origin),
  )
  await append('1', 1, [added(7)], { cents: 300, cleared: 0 })
  expect((await load('1')).state.cents).toBe(307)
})

test('shows an aggregate as it was at any version', async () => {
  await append('1', 0, [added(1), added(2), added(3)])
  const at = async (version: number) =>
    (await withSession(pool, session => replayAggregate(session, purse, '1', version))).state.cents
  expect([await at(1), await at(2), await at(3)]).toEqual([1, 3, 6])
})

test('tells from the events who did what when, as it was written', async () => {
  await append('1', 0, [added(1)])
  await withTransaction(pool, session =>
    changeAggregate(session, purse, '1', { ...origin, actor: 'bob', traceparent: '00-a-b-01' }, () => [
      { type: 'Cleared', data: {} },
    ]),
  )
  const audit = await withSession(pool, session => readAudit(session, purse, '1'))
  const common = { at: '2024-02-29T12:00:00.005Z', eventId: expect.stringMatching(/^[0-9a-f-]{36}$/) }
  expect(audit).toEqual([
    { ...common, version: 1, type: 'Added', data: { cents: 1 }, actor: 'ann', traceparent: null },
    { ...common, version: 2, type: 'Cleared', data: {}, actor: 'bob', traceparent: '00-a-b-01' },
  ])
})

test('keeps nothing of a transaction that fails', async () => {
  const failing = withTransaction(pool, async session => {
    await changeAggregate(session, purse, '1', origin, () => [added(1)])
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect((await load('1')).version).toBe(0)
})
