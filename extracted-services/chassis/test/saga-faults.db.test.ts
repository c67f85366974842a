import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Clock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import fc from 'fast-check'
import type { Pool } from 'mysql2/promise'
import { applyMigrations } from '../src/database/apply-migrations.ts'
import { createDatabasePool } from '../src/database/create-database-pool.ts'
import { withTransaction } from '../src/database/with-transaction.ts'
import { runSagas, startSaga } from '../src/saga/run-sagas.ts'
import type { Call, StepOutcome } from '../src/saga/saga.ts'
import { sagaMigrations } from '../src/saga/saga-rows.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'
import { fastClock } from './fast-clock.ts'
import { eventually } from './messages.ts'
import { type OrderData, orderSaga, type Participants } from './saga-definitions.ts'

/** What becomes of one call of a participant. */
const fates = [
  'arrives',
  'refused',
  'answer lost',
  'request lost',
  'arrives late',
  'arrives twice',
  'killed before',
  'killed after',
] as const
type Fate = (typeof fates)[number]
type Verb = 'reserve' | 'release' | 'commit'
type Held = { status: 'reserved' | 'released' | 'committed' | 'refused'; reserved: number; released: number }

const log = createLog('saga-faults', 'silent')
const never = <T>() => new Promise<T>(() => {})
let schema: TestSchema
let pool: Pool

/** What a call leaves behind, given what was there. */
const after: Record<Verb, (current: Held | undefined, refuse: boolean) => Held> = {
  reserve: (current, refuse) =>
    current ?? { status: refuse ? 'refused' : 'reserved', reserved: refuse ? 0 : 1, released: 0 },
  release: current => {
    if (current?.status === 'committed') throw new Error('released after it was committed')
    if (current?.status === 'reserved') return { ...current, status: 'released', released: 1 }
    return current ?? { status: 'released', reserved: 0, released: 0 }
  },
  commit: current => {
    if (current?.status === 'reserved') return { ...current, status: 'committed' }
    if (current?.status === 'committed') return current
    throw new Error('committed without a reservation')
  },
}

/** Two participants as the real ones are: idempotent by saga, and a release is remembered before any reservation. */
function createLedger() {
  const held = new Map<string, Held>()
  const of = (participant: string, sagaId: string): Held | undefined => held.get(`${participant}/${sagaId}`)
  function act(participant: string, sagaId: string, verb: Verb, refuse: boolean): StepOutcome<OrderData> {
    const current = of(participant, sagaId)
    const next = after[verb](current, refuse)
    held.set(`${participant}/${sagaId}`, next)
    const refused = verb === 'reserve' && next.status !== 'reserved'
    return refused ? { done: false, reason: { code: 'REFUSED' } } : { done: true }
  }
  return { of, act }
}

/** A process of the saga's owner that can be killed: from then on nothing of it ever goes on. */
function startProcess(clock: Clock, participants: (kill: () => void) => Participants) {
  let dead = false
  const kill = () => {
    dead = true
  }
  const mortal: Clock = {
    ...clock,
    sleep: (ms, signal) => clock.sleep(ms, signal).then(() => (dead ? never() : undefined)),
  }
  const lifeline = new Proxy(pool, {
    get: (target, name) =>
      name === 'getConnection' && dead
        ? () => Promise.reject(new Error('dead'))
        : Reflect.get(target, name, target),
  })
  const runner = runSagas({
    pool: lifeline,
    clock: mortal,
    log,
    sagas: [orderSaga(participants(kill))],
    attemptMs: 1_500,
    leaseMs: 3_000,
    pollMs: 300,
  })
  return { isDead: () => dead, runner }
}

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [sagaMigrations])
  await schema.admin(
    'CREATE TABLE test_orders (id VARCHAR(64) PRIMARY KEY, status VARCHAR(10), detail VARCHAR(40), changes INT DEFAULT 0)',
  )
  pool = createDatabasePool(schema.url)
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

async function play(script: readonly (readonly Fate[])[]): Promise<void> {
  await schema.admin('DELETE FROM sagas; DELETE FROM saga_log; DELETE FROM test_orders')
  const clock = fastClock(50)
  const ledger = createLedger()
  const late: Promise<void>[] = []
  const callsOf = script.map(() => 0)

  const participants = (kill: () => void): Participants => {
    const call =
      (verb: Verb) =>
      async (participant: string, { sagaId }: Call): Promise<StepOutcome<OrderData>> => {
        const index = Number(sagaId)
        const fate = script[index]?.[callsOf[index]!++] ?? 'arrives'
        const act = (refuse = false) => ledger.act(participant, sagaId, verb, refuse)
        switch (fate) {
          case 'arrives':
            return act()
          case 'refused':
            return act(true)
          case 'answer lost':
            act()
            throw new Error('answer lost')
          case 'request lost':
            throw new Error('request lost')
          case 'arrives late':
            late.push(clock.sleep(4_000).then(() => void tryLate(act)))
            return never()
          case 'arrives twice':
            act()
            return act()
          case 'killed before':
            kill()
            return never()
          case 'killed after':
            act()
            kill()
            return never()
        }
      }
    return {
      reserve: call('reserve'),
      commit: call('commit'),
      release: async (participant, context) => void (await call('release')(participant, context)),
    }
  }

  const processes = [startProcess(clock, participants), startProcess(clock, participants)]
  let kills = 0
  const saga = orderSaga(participants(() => {}))
  await withTransaction(pool, async session => {
    for (const index of script.keys())
      await startSaga(session, saga, `${index}`, { id: `${index}` }, { now: clock.now() })
  })
  await eventually(async () => {
    for (const [index, { isDead }] of processes.entries())
      if (isDead()) {
        kills++
        processes[index] = startProcess(clock, participants)
      }
    const rows = await schema.admin("SELECT 1 FROM sagas WHERE status IN ('forward', 'compensating')")
    return (rows as unknown[]).length === 0
  })
  await Promise.all(late)
  for (const { isDead, runner } of processes) if (!isDead()) await runner.close()

  const sagas = (await schema.admin(
    'SELECT s.saga_id AS id, s.status, o.status AS of_order, o.changes FROM sagas s LEFT JOIN test_orders o ON o.id = s.saga_id',
  )) as { id: string; status: string; of_order: string; changes: number }[]
  expect(sagas).toHaveLength(script.length)
  for (const { id, status, of_order, changes } of sagas) {
    const [credit, stock] = [ledger.of('credit', id), ledger.of('stock', id)]
    const ends = { status, of_order, changes, credit: credit?.status, stock: stock?.status }
    if (status === 'completed')
      expect(ends).toEqual({
        status,
        of_order: 'confirmed',
        changes: 1,
        credit: 'reserved',
        stock: 'committed',
      })
    else {
      expect({ status, of_order, changes }).toEqual({
        status: 'compensated',
        of_order: 'canceled',
        changes: 1,
      })
      for (const participant of [credit, stock]) {
        expect(['released', 'refused', undefined]).toContain(participant?.status)
        expect(participant?.reserved).toBe(participant?.released)
      }
    }
  }
  outcomes.kills += kills
  for (const { status } of sagas) outcomes[status as 'completed' | 'compensated']++
}

const outcomes = { completed: 0, compensated: 0, kills: 0 }

function tryLate(act: () => unknown): void {
  try {
    act()
  } catch {
    // A commit whose reservation has gone is refused, as it should be: nobody hears of it.
  }
}

test('ends every saga legally whatever happens to its calls and its processes', async () => {
  const calls = fc.array(fc.constantFrom(...fates), { maxLength: 8 })
  const scripts = fc.array(calls, { minLength: 12, maxLength: 12 })
  await fc.assert(fc.asyncProperty(scripts, play), { numRuns: 12, endOnFailure: true })
  // It would prove nothing if all had come to the same end.
  expect(Math.min(outcomes.completed, outcomes.compensated, outcomes.kills)).toBeGreaterThan(5)
}, 120_000)

test('ends legally after each single fault at each step', async () => {
  const single = fates.flatMap(fate => [0, 1, 2].map(step => [...Array<Fate>(step).fill('arrives'), fate]))
  await play(single)
}, 60_000)
