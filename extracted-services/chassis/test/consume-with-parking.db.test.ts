import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import type { Pool } from 'mysql2/promise'
import { applyMigrations } from '../src/database/apply-migrations.ts'
import { createDatabasePool } from '../src/database/create-database-pool.ts'
import { withSession } from '../src/database/with-transaction.ts'
import { createEmbeddedMessaging } from '../src/message-log/embedded-messaging.ts'
import { messageLogMigrations } from '../src/message-log/message-log.ts'
import { measureLag } from '../src/message-log/partition-leases.ts'
import { messageInvalid } from '../src/messaging/message-invalid.ts'
import type { Delivery, Subscription } from '../src/messaging/messaging.ts'
import { consumeWithParking, type ParkingParts } from '../src/parking/consume-with-parking.ts'
import {
  dropDeadLetter,
  listDeadLetters,
  measureParking,
  replayDeadLetter,
  replayDeadLetters,
} from '../src/parking/dead-letters.ts'
import { parkingMigrations } from '../src/parking/parked-messages.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'
import { eventually, testMessage } from './messages.ts'

const log = createLog('parking', 'silent')
let schema: TestSchema
let pool: Pool
const subscriptions: Subscription[] = []

const broker = () => createEmbeddedMessaging({ pool, clock: systemClock, log, leaseMs: 600, pollMs: 5 })

function consume(handle: (delivery: Delivery) => Promise<void>, changes: Partial<ParkingParts> = {}) {
  const subscription = consumeWithParking(
    { group: 'billing', topics: ['orders'], handle },
    {
      messaging: broker(),
      pool,
      clock: systemClock,
      log,
      quickPausesMs: [1, 1],
      delaysMs: [20, 20, 20],
      pollMs: 5,
      ...changes,
    },
  )
  subscriptions.push(subscription)
  return subscription
}

const measure = () => withSession(pool, measureParking)

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [messageLogMigrations, parkingMigrations])
  pool = createDatabasePool(schema.url)
})

beforeEach(async () => {
  await schema.admin(
    `DELETE FROM log_messages; DELETE FROM log_partitions; DELETE FROM log_positions; DELETE FROM log_members;
     DELETE FROM parked_keys; DELETE FROM parked_messages`,
  )
  await broker().createTopic('orders', 1)
})

afterEach(async () => {
  for (const subscription of subscriptions.splice(0)) await subscription.close()
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

test('tries three times quickly, then three times later, then keeps a dead letter with where it came from', async () => {
  const attempts: number[] = []
  consume(async ({ attempt }) => {
    attempts.push(attempt)
    throw new Error(`no ${attempt}`)
  })
  const message = testMessage('a', 1)
  await broker().publish([testMessage('other', 0), message])
  await eventually(async () => (await measure()).dead === 2)
  expect(attempts.toSorted()).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6])
  const letters = await listDeadLetters(pool, { consumer: 'billing' })
  expect(letters[1]).toEqual({
    consumer: 'billing',
    message,
    partition: 0,
    offset: 1,
    attempts: 6,
    error: 'no 6',
    deadAt: expect.stringMatching(/^\d{4}-/),
    waiting: 0,
  })
})

test('waits 10, 30 and 120 seconds between the later tries', async () => {
  let now = Date.now()
  const clock = { ...systemClock, now: () => now }
  let tries = 0
  const handle = async () => {
    tries++
    throw new Error('no')
  }
  consume(handle, { clock, delaysMs: [10_000, 30_000, 120_000] })
  await broker().publish([testMessage('a', 1)])
  await eventually(() => tries === 3)
  for (const [pause, expected] of [
    [10_000, 4],
    [30_000, 5],
    [120_000, 6],
  ] as const) {
    await eventually(async () => {
      const [row] = (await schema.admin('SELECT lease_until FROM parked_keys')) as { lease_until: unknown }[]
      return row?.lease_until === null
    })
    now += pause - 500
    await systemClock.sleep(30)
    expect(tries).toBe(expected - 1)
    now += 500
    await eventually(() => tries === expected)
  }
  await eventually(async () => (await measure()).dead === 1)
})

test('holds up the other messages of the key, and no other key of the same partition', async () => {
  const handled: string[] = []
  let broken = true
  consume(async ({ message }) => {
    if (message.key === 'a' && broken) throw new Error('not yet')
    handled.push(`${message.key}${message.payload}`)
  })
  await broker().publish([1, 2, 3].flatMap(n => [testMessage('a', n), testMessage('b', n)]))
  await eventually(() => handled.length === 3)
  expect(handled).toEqual(['b1', 'b2', 'b3'])
  expect(await withSession(pool, session => measureLag(session, 'billing'))).toEqual(
    new Map([['orders/0', expect.any(Number)]]),
  )
  broken = false
  await eventually(() => handled.length === 6)
  expect(handled.slice(3)).toEqual(['a1', 'a2', 'a3'])
  await eventually(async () => (await measure()).keys === 0)
  await broker().publish([testMessage('a', 4)])
  await eventually(() => handled.length === 7)
})

test('lets nothing overtake a dead letter until it is replayed', async () => {
  const handled: unknown[] = []
  let broken = true
  consume(async ({ message }) => {
    if (message.payload === 1 && broken) throw new Error('no')
    handled.push(message.payload)
  })
  const first = testMessage('a', 1)
  await broker().publish([first, testMessage('a', 2), testMessage('a', 3)])
  await eventually(async () => (await measure()).dead === 1 && (await measure()).messages === 3)
  expect((await listDeadLetters(pool))[0]?.waiting).toBe(2)
  expect(handled).toEqual([])
  broken = false
  await replayDeadLetter(pool, 'billing', first.id, Date.now())
  await eventually(() => handled.length === 3)
  expect(handled).toEqual([1, 2, 3])
  await expect(replayDeadLetter(pool, 'billing', first.id, Date.now())).rejects.toMatchObject({
    code: 'DEAD_LETTER_UNKNOWN',
  })
})

test('handles those behind a dead letter once it is dropped', async () => {
  const handled: unknown[] = []
  consume(async ({ message }) => {
    if (message.payload === 1) throw new Error('no')
    handled.push(message.payload)
  })
  const first = testMessage('a', 1)
  await broker().publish([first, testMessage('a', 2)])
  await eventually(async () => (await measure()).dead === 1)
  await dropDeadLetter(pool, 'billing', first.id, Date.now())
  await eventually(async () => handled.length === 1 && (await measure()).keys === 0)
})

test('replays all dead letters of a consumer', async () => {
  let broken = true
  let handled = 0
  consume(async () => {
    if (broken) throw messageInvalid('not of this form')
    handled++
  })
  await broker().publish(Array.from({ length: 12 }, (_, n) => testMessage(`key-${n}`, n)))
  await eventually(async () => (await measure()).dead === 12)
  broken = false
  expect(await replayDeadLetters(pool, 'billing', Date.now())).toBe(12)
  await eventually(() => handled === 12)
})

test('makes a message that can never be handled a dead letter at once', async () => {
  let tries = 0
  consume(async () => {
    tries++
    throw messageInvalid('amount is missing')
  })
  await broker().publish([testMessage('a', 1)])
  await eventually(async () => (await measure()).dead === 1)
  expect(tries).toBe(1)
  expect((await listDeadLetters(pool))[0]).toMatchObject({ attempts: 1, error: 'amount is missing' })
})

test('leaves messages in the broker when too many are parked', async () => {
  const seen = new Set<unknown>()
  consume(
    async ({ message }) => {
      seen.add(message.payload)
      throw messageInvalid('no')
    },
    { mostParked: 2 },
  )
  await broker().publish([1, 2, 3, 4].map(n => testMessage('a', n)))
  await eventually(async () => (await measure()).messages === 2)
  await systemClock.sleep(50)
  expect((await measure()).messages).toBe(2)
  expect([...seen]).toEqual([1])
  const [letter] = await listDeadLetters(pool)
  await dropDeadLetter(pool, 'billing', letter!.message.id, Date.now())
  await eventually(() => seen.has(2))
})

test('parks no more keys than messages may be parked', async () => {
  consume(
    async () => {
      throw messageInvalid('no')
    },
    { mostParked: 2 },
  )
  await broker().publish([1, 2, 3, 4].map(n => testMessage(`key-${n}`, n)))
  await eventually(async () => (await measure()).dead === 2)
  await systemClock.sleep(50)
  expect(await measure()).toEqual({ keys: 2, messages: 2, dead: 2 })
})

test('keeps the order of every key with many failures and two members', async () => {
  const handled = new Map<string, unknown[]>()
  const handle = async ({ message }: Delivery) => {
    if (Math.random() < 0.3) throw new Error('at random')
    const list = handled.get(message.key) ?? []
    if (!list.includes(message.payload)) list.push(message.payload)
    handled.set(message.key, list)
  }
  const changes = { quickPausesMs: [], delaysMs: Array(50).fill(2) as number[] }
  await broker().createTopic('stock', 4)
  consume(handle, changes)
  consume(handle, changes)
  for (let n = 0; n < 20; n++)
    await broker().publish(Array.from({ length: 5 }, (_, key) => testMessage(`k${key}`, n)))
  await eventually(() => [...handled.values()].flat().length === 100)
  const order = Array.from({ length: 20 }, (_, n) => n)
  for (const list of handled.values()) expect(list).toEqual(order)
})
