import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createLog } from '@strangler/kit/log.ts'
import type { Pool } from 'mysql2/promise'
import { applyMigrations } from '../src/database/apply-migrations.ts'
import { createDatabasePool } from '../src/database/create-database-pool.ts'
import { withSession, withTransaction } from '../src/database/with-transaction.ts'
import {
  findSaga,
  listStuckSagas,
  measureSagas,
  readSagaLog,
  removeEndedSagas,
  resumeSaga,
} from '../src/saga/operate-sagas.ts'
import { runSagas, type SagaRunner, startSaga } from '../src/saga/run-sagas.ts'
import type { Saga } from '../src/saga/saga.ts'
import { sagaMigrations } from '../src/saga/saga-rows.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'
import { fastClock } from './fast-clock.ts'
import { eventually } from './messages.ts'
import { type OrderData, orderSaga, type Participants } from './saga-definitions.ts'

const log = createLog('saga', 'silent')
let clock = fastClock(100)
let schema: TestSchema
let pool: Pool
const runners: SagaRunner[] = []
let calls: string[] = []

const agreeing: Participants = {
  reserve: async name => {
    calls.push(`reserve ${name}`)
    return { done: true }
  },
  release: async name => void calls.push(`release ${name}`),
  commit: async name => {
    calls.push(`commit ${name}`)
    return { done: true }
  },
}

function run(saga: Saga<OrderData>): SagaRunner {
  const runner = runSagas({ pool, clock, log, sagas: [saga], attemptMs: 2_000, leaseMs: 60_000, pollMs: 500 })
  runners.push(runner)
  return runner
}

const start = (saga: Saga<OrderData>, id: string) =>
  withTransaction(pool, session => startSaga(session, saga, id, { id }, { now: clock.now() }))
const progressOf = async (id: string) =>
  (await withSession(pool, session => findSaga(session, 'place-order', id)))?.progress
const hasStatus = (id: string, status: string) => async () => (await progressOf(id))?.status === status
const orderOf = async (id: string) =>
  ((await schema.admin(`SELECT status, detail FROM test_orders WHERE id = '${id}'`)) as object[])[0]

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [sagaMigrations])
  await schema.admin(
    'CREATE TABLE test_orders (id VARCHAR(64) PRIMARY KEY, status VARCHAR(10), detail VARCHAR(40), changes INT DEFAULT 0)',
  )
  pool = createDatabasePool(schema.url)
})

beforeEach(async () => {
  clock = fastClock(100)
  calls = []
  await schema.admin('DELETE FROM sagas; DELETE FROM saga_log; DELETE FROM test_orders')
})

afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.close()
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

test('goes through its steps in their order', async () => {
  const saga = orderSaga(agreeing)
  const runner = run(saga)
  expect(await start(saga, '1')).toBe(true)
  expect(await start(saga, '1')).toBe(false)
  runner.wake()
  await eventually(hasStatus('1', 'completed'))
  expect(calls).toEqual(['reserve credit', 'reserve stock', 'commit stock'])
  expect(await orderOf('1')).toEqual({ status: 'confirmed', detail: '' })
  const events = (await readSagaLog(pool, 'place-order', '1')).map(({ step, event }) => `${step} ${event}`)
  expect(events).toEqual([
    'place done',
    'credit done',
    'stock done',
    'confirm done',
    'commit-stock done',
    'commit-stock completed',
  ])
})

test('compensates in reverse what was done, and not what was refused', async () => {
  const saga = orderSaga({
    ...agreeing,
    reserve: async (name, call) =>
      name === 'stock' ? { done: false, reason: { code: 'OUT_OF_STOCK' } } : agreeing.reserve(name, call),
  })
  run(saga)
  await start(saga, '1')
  await eventually(hasStatus('1', 'compensated'))
  expect(calls).toEqual(['reserve credit', 'release credit'])
  expect(await orderOf('1')).toEqual({ status: 'canceled', detail: 'OUT_OF_STOCK' })
})

test('gives a step up at its deadline and compensates it too, since its outcome is unknown', async () => {
  const saga = orderSaga({
    ...agreeing,
    reserve: (name, call) =>
      name === 'stock' ? Promise.reject(new Error('connection reset')) : agreeing.reserve(name, call),
  })
  run(saga)
  await start(saga, '1')
  await eventually(hasStatus('1', 'compensated'))
  expect(calls).toEqual(['reserve credit', 'release stock', 'release credit'])
  expect(await orderOf('1')).toEqual({ status: 'canceled', detail: 'DEADLINE' })
  expect((await progressOf('1'))?.reason).toEqual({
    code: 'DEADLINE',
    details: { step: 'stock', attempts: expect.any(Number), error: 'connection reset' },
  })
})

test('ends an attempt that gets no answer and tries again', async () => {
  let tries = 0
  let aborted = 0
  const saga = orderSaga({
    ...agreeing,
    reserve: (name, call) => {
      if (name === 'stock' || ++tries > 2) return agreeing.reserve(name, call)
      call.signal.addEventListener('abort', () => aborted++)
      return new Promise(() => {})
    },
  })
  run(saga)
  await start(saga, '1')
  await eventually(hasStatus('1', 'completed'))
  expect([tries, aborted]).toEqual([3, 2])
})

test('keeps the overall deadline over a time in which no process ran', async () => {
  const saga = orderSaga(agreeing, 5_000)
  await start(saga, '1')
  await clock.sleep(6_000)
  run(saga)
  await eventually(hasStatus('1', 'compensated'))
  expect(calls).toEqual([])
  expect(await orderOf('1')).toEqual({ status: 'canceled', detail: 'DEADLINE' })
})

test('retries a step after the pivot for ever, and lists it as stuck meanwhile', async () => {
  let broken = true
  const saga = orderSaga({
    ...agreeing,
    commit: (name, call) => (broken ? Promise.reject(new Error('away')) : agreeing.commit(name, call)),
  })
  run(saga)
  await start(saga, '1')
  await eventually(async () => (await listStuckSagas(pool)).length === 1)
  expect((await listStuckSagas(pool))[0]).toMatchObject({
    name: 'place-order',
    sagaId: '1',
    progress: { status: 'forward', step: 'commit-stock', error: 'away' },
  })
  expect(await withSession(pool, measureSagas)).toEqual({ running: 1, stuck: 1 })
  broken = false
  await eventually(hasStatus('1', 'completed'))
  expect(await listStuckSagas(pool)).toEqual([])
})

test('stops a compensation that fails 12 times until an operator resumes it', async () => {
  let tries = 0
  let broken = true
  const saga = orderSaga({
    ...agreeing,
    reserve: async () => ({ done: false, reason: { code: 'NO' } }),
    release: async name => {
      tries++
      if (broken) throw new Error('away')
      calls.push(`release ${name}`)
    },
  })
  const twoReserved = {
    ...saga,
    steps: saga.steps.map(step =>
      step.name === 'credit' ? { ...step, act: async () => ({ done: true as const }) } : step,
    ),
  }
  run(twoReserved)
  await start(twoReserved, '1')
  await eventually(async () => (await progressOf('1'))?.dueAt === null)
  expect(tries).toBe(12)
  expect((await progressOf('1'))?.status).toBe('compensating')
  expect(await orderOf('1')).toEqual({ status: 'pending', detail: '' })
  broken = false
  await resumeSaga(pool, 'place-order', '1', clock.now())
  await eventually(hasStatus('1', 'compensated'))
  expect(calls).toEqual(['release credit'])
  expect(await orderOf('1')).toEqual({ status: 'canceled', detail: 'NO' })
  const events = (await readSagaLog(pool, 'place-order', '1')).map(({ step, event }) => `${step} ${event}`)
  expect(events).toEqual([
    'place done',
    'credit done',
    'stock refused',
    'credit stuck',
    'credit resumed',
    'credit compensated',
    'place compensated',
  ])
  await expect(resumeSaga(pool, 'place-order', '1', clock.now())).rejects.toMatchObject({
    code: 'SAGA_NOT_STUCK',
  })
})

test('lets a process that stalled write nothing once another has taken its saga', async () => {
  const gate = Promise.withResolvers<void>()
  // A process that is suspended in the middle of a call: nothing of it goes on, its timers neither.
  const stalledClock = { ...clock, sleep: () => gate.promise }
  const saga = orderSaga(agreeing)
  const stalling = orderSaga({
    ...agreeing,
    reserve: async () => {
      await gate.promise
      return { done: false, reason: { code: 'OLD_NEWS' } }
    },
  })
  const parts = { pool, log, attemptMs: 2_000, leaseMs: 4_000, pollMs: 500 }
  const stalled = runSagas({ ...parts, clock: stalledClock, sagas: [stalling] })
  await start(saga, '1')
  stalled.wake()
  await eventually(async () => (await progressOf('1'))?.step === 'credit')
  run(saga)
  await eventually(hasStatus('1', 'completed'))
  gate.resolve()
  await stalled.close()
  expect((await progressOf('1'))?.status).toBe('completed')
  expect(await orderOf('1')).toEqual({ status: 'confirmed', detail: '' })
})

test('waits for an operator at a step that this build does not know', async () => {
  const saga = orderSaga(agreeing)
  await start(saga, '1')
  await schema.admin("UPDATE sagas SET step = 'gone'")
  run(saga)
  await eventually(async () => (await listStuckSagas(pool)).length === 1)
  expect((await progressOf('1'))?.error).toBe('there is no step gone')
})

test('removes sagas that ended before a moment, and no other', async () => {
  const saga = orderSaga(agreeing)
  run(saga)
  await start(saga, '1')
  await eventually(hasStatus('1', 'completed'))
  expect(await removeEndedSagas(pool, clock.now() - 3_600_000)).toBe(0)
  expect(await removeEndedSagas(pool, clock.now() + 3_600_000)).toBe(1)
  expect(await readSagaLog(pool, 'place-order', '1')).toEqual([])
})
