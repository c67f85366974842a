import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clock, systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import type { Pool } from 'mysql2/promise'
import { applyMigrations } from '../src/database/apply-migrations.ts'
import { createDatabasePool } from '../src/database/create-database-pool.ts'
import { withSession, withTransaction } from '../src/database/with-transaction.ts'
import { inboxMigrations, processOnce } from '../src/inbox/process-once.ts'
import { createEmbeddedMessaging } from '../src/message-log/embedded-messaging.ts'
import {
  appendMessages,
  messageLogMigrations,
  readMessages,
  removeOldMessages,
} from '../src/message-log/message-log.ts'
import { measureLag, renewLeases } from '../src/message-log/partition-leases.ts'
import type { Message } from '../src/messaging/message.ts'
import { outboxMigrations, writeToOutbox } from '../src/outbox/outbox.ts'
import { publishOutbox } from '../src/outbox/publish-outbox.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'
import { eventually, testMessage } from './messages.ts'
import { testMessaging } from './messaging-contract.ts'

const log = createLog('messaging', 'silent')
let schema: TestSchema
let pool: Pool

const broker = (clock: Clock = systemClock) =>
  createEmbeddedMessaging({ pool, clock, log, leaseMs: 600, pollMs: 5 })

const clear = () =>
  schema.admin(
    `DELETE FROM log_messages; DELETE FROM log_partitions; DELETE FROM log_positions; DELETE FROM log_members;
     DELETE FROM outbox_messages; DELETE FROM processed_messages; DELETE FROM counters`,
  )

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [messageLogMigrations, inboxMigrations, outboxMigrations])
  await schema.admin('CREATE TABLE counters (message_key VARCHAR(40) PRIMARY KEY, n INT NOT NULL)')
  pool = createDatabasePool(schema.url)
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

testMessaging(async () => {
  await clear()
  return { messaging: broker(), another: () => broker(), close: async () => {} }
})

test('shows offsets in their order and without a gap while many publish at once', async () => {
  await clear()
  await broker().createTopic('orders', 1)
  const publishers = Array.from({ length: 10 }, async (_, publisher) => {
    for (let n = 0; n < 10; n++)
      await appendMessages(pool, [testMessage(`${publisher}`, n)], () => 1, Date.now())
  })
  const seen: number[] = []
  const reader = (async () => {
    while (seen.length < 100)
      for (const { offset } of await readMessages(pool, 'orders', 0, seen.length, 50)) seen.push(offset)
  })()
  await Promise.all([...publishers, reader])
  expect(seen).toEqual(Array.from({ length: 100 }, (_, offset) => offset))
})

test('takes over the partitions of a member that gives no sign of life, and not before its lease is over', async () => {
  await clear()
  await broker().createTopic('orders', 2)
  const dead = { group: 'billing', member: 'dead', topics: ['orders'], leaseMs: 400 }
  const taken = await withTransaction(pool, session => renewLeases(session, dead, 0))
  expect(taken.leases).toHaveLength(2)
  await broker().publish([testMessage('a', 1), testMessage('b', 2)])
  const began = performance.now()
  const got: unknown[] = []
  const subscription = broker().subscribe({
    group: 'billing',
    topics: ['orders'],
    handle: async ({ message }) => void got.push(message.payload),
  })
  await eventually(() => got.length === 2)
  await subscription.close()
  expect(performance.now() - began).toBeGreaterThan(300)
})

test('lets a member that stalled neither begin a message nor move the position once another has taken over', async () => {
  await clear()
  await broker().createTopic('orders', 1)
  const stall = Promise.withResolvers<void>()
  const old: unknown[] = []
  let suspended = false
  // A process that is suspended: its renewals stand still while its handler does.
  const clock: Clock = {
    ...systemClock,
    sleep: async (ms, signal) => {
      if (suspended) await stall.promise
      await systemClock.sleep(ms, signal)
    },
  }
  const stalled = broker(clock).subscribe({
    group: 'billing',
    topics: ['orders'],
    handle: async ({ message }) => {
      old.push(message.payload)
      suspended = true
      await stall.promise
    },
  })
  await broker().publish([testMessage('a', 1), testMessage('a', 2)])
  await eventually(() => old.length === 1)
  const got: unknown[] = []
  const next = broker().subscribe({
    group: 'billing',
    topics: ['orders'],
    handle: async ({ message }) => void got.push(message.payload),
  })
  await eventually(() => got.length === 2)
  stall.resolve()
  await systemClock.sleep(100)
  await stalled.close()
  await next.close()
  expect(old).toEqual([1])
  expect(got).toEqual([1, 2])
  expect(await withSession(pool, session => measureLag(session, 'billing'))).toEqual(
    new Map([['orders/0', 0]]),
  )
})

test('has an effect once for every message, from outbox to inbox, while members come and go', async () => {
  await clear()
  await broker().createTopic('orders', 4)
  const stop = new AbortController()
  const publisher = publishOutbox(
    { pool, publish: messages => broker().publish(messages), clock: systemClock, log, pollMs: 5, batch: 20 },
    stop.signal,
  )
  let failures = 10
  const join = () =>
    broker().subscribe({
      group: 'billing',
      topics: ['orders'],
      handle: async ({ message }) => {
        await processOnce(pool, 'billing', message.id, Date.now(), async session => {
          await session.run('INSERT INTO counters VALUES (?, 1) ON DUPLICATE KEY UPDATE n = n + 1', [
            message.key,
          ])
          if (failures > 0 && Number(message.payload) % 9 === 0) {
            failures--
            throw new Error('not now')
          }
        })
      },
    })
  const members = [join(), join()]
  const messages: Message[] = Array.from({ length: 200 }, (_, n) => testMessage(`key-${n % 10}`, n))
  for (let start = 0; start < messages.length; start += 20) {
    await withTransaction(pool, session =>
      writeToOutbox(session, messages.slice(start, start + 20), Date.now()),
    )
    members.push(join())
    await members.shift()?.close()
  }
  const total = async () =>
    ((await schema.admin('SELECT COALESCE(SUM(n), 0) AS n FROM counters')) as { n: string }[])[0]?.n
  await eventually(async () => Number(await total()) >= 200)
  await systemClock.sleep(100)
  stop.abort()
  await publisher
  for (const member of members) await member.close()
  expect(await schema.admin('SELECT DISTINCT n FROM counters')).toEqual([{ n: 20 }])
})

test('passes over what retention has removed', async () => {
  await clear()
  await broker().createTopic('orders', 1)
  const hourAgo = Date.now() - 3_600_000
  await appendMessages(pool, [testMessage('a', 'old')], () => 1, hourAgo)
  await broker().publish([testMessage('a', 'recent')])
  expect(await removeOldMessages(pool, hourAgo + 1_000)).toBe(1)
  const got: unknown[] = []
  const subscription = broker().subscribe({
    group: 'billing',
    topics: ['orders'],
    handle: async ({ message }) => void got.push(message.payload),
  })
  await eventually(() => got.length === 1)
  await subscription.close()
  expect(got).toEqual(['recent'])
})
