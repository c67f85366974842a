import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { applyMigrations } from '@strangler/chassis/database/apply-migrations.ts'
import { createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import { withTransaction } from '@strangler/chassis/database/with-transaction.ts'
import { parkingMigrations } from '@strangler/chassis/parking/parked-messages.ts'
import { startSaga } from '@strangler/chassis/saga/run-sagas.ts'
import { sagaMigrations } from '@strangler/chassis/saga/saga-rows.ts'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import { systemClock } from '@strangler/kit/clock.ts'
import type { Pool } from 'mysql2/promise'
import { createOrderSaga } from '../src/application/order-sagas.ts'
import type { Participants } from '../src/application/participants.ts'

const main = join(import.meta.dirname, '../src/operate-main.ts')
let schema: TestSchema
let pool: Pool

function operate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise(resolve =>
    execFile(
      process.execPath,
      [main, ...args],
      { env: { DATABASE_URL: schema.url } },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  )
}

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  const orders = { component: 'orders', folder: join(import.meta.dirname, '../sql') }
  await applyMigrations(schema.url, [sagaMigrations, parkingMigrations, orders])
  pool = createDatabasePool(schema.url)
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

test('lists a stuck saga, tells its story and resumes it', async () => {
  const participants = {} as Participants
  const saga = createOrderSaga({ participants, clock: systemClock, withinMs: 1_000 })
  const data = { orderId: 'o1', customerId: 7, lines: [] }
  await withTransaction(pool, session => startSaga(session, saga, 'o1', data, { now: systemClock.now() }))
  await schema.admin(
    `UPDATE sagas SET stuck_since = UTC_TIMESTAMP(3), due_at = NULL, attempt = 12, error = 'away';
     INSERT INTO saga_log (name, saga_id, step, event, detail, at)
     VALUES ('create-order', 'o1', 'stock', 'stuck', 'away', UTC_TIMESTAMP(3))`,
  )
  const stuck = await operate('stuck-sagas')
  expect(JSON.parse(stuck.stdout)).toMatchObject([
    { name: 'create-order', sagaId: 'o1', progress: { attempt: 12, error: 'away', dueAt: null } },
  ])
  expect(JSON.parse((await operate('resume-saga', 'create-order', 'o1')).stdout)).toEqual({ resumed: 1 })
  expect(JSON.parse((await operate('stuck-sagas')).stdout)).toEqual([])
  const story = JSON.parse((await operate('saga-log', 'create-order', 'o1')).stdout) as { event: string }[]
  expect(story.map(({ event }) => event)).toEqual(['stuck', 'resumed'])
  const again = await operate('resume-saga', 'create-order', 'o1')
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('SAGA_NOT_STUCK')])
}, 20_000)

test('replays nothing where there are no dead letters, and rebuilds an empty history', async () => {
  expect(JSON.parse((await operate('dead-letters')).stdout)).toEqual([])
  expect(JSON.parse((await operate('replay', 'orders-history')).stdout)).toEqual({ replayed: 0 })
  expect(JSON.parse((await operate('rebuild-history')).stdout)).toEqual({ inputs: 0 })
}, 20_000)

test('says what there is when it is asked for something else', async () => {
  for (const args of [[], ['resume-saga', 'create-order'], ['explode']]) {
    const { code, stderr } = await operate(...args)
    expect([code, stderr]).toEqual([2, expect.stringContaining('resume-saga SAGA ID')])
  }
}, 20_000)
