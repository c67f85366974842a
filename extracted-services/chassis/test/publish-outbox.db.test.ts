import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import type { Pool } from 'mysql2/promise'
import { applyMigrations } from '../src/database/apply-migrations.ts'
import { createDatabasePool } from '../src/database/create-database-pool.ts'
import { withSession, withTransaction } from '../src/database/with-transaction.ts'
import { createWaker } from '../src/messaging/create-waker.ts'
import type { Message } from '../src/messaging/message.ts'
import { measureOutbox, outboxMigrations, writeToOutbox } from '../src/outbox/outbox.ts'
import { publishOutbox } from '../src/outbox/publish-outbox.ts'
import { tailOutbox } from '../src/outbox/tail-outbox.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'
import { eventually, testMessage } from './messages.ts'

let schema: TestSchema
let pool: Pool
let published: Message[]
let stops: (() => Promise<void>)[]

const keep = async (messages: readonly Message[]): Promise<void> => {
  published.push(...messages)
}

function startPublisher(publish = keep) {
  const stop = new AbortController()
  const done = publishOutbox(
    { pool, publish, clock: systemClock, log: createLog('outbox', 'silent'), pollMs: 5, batch: 10 },
    stop.signal,
  )
  const end = async () => {
    stop.abort()
    await done
  }
  stops.push(end)
  return end
}

const write = (...messages: Message[]) =>
  withTransaction(pool, session => writeToOutbox(session, messages, Date.now()))
const waiting = () => withSession(pool, session => measureOutbox(session, Date.now()))
const empty = () => eventually(async () => (await waiting()).waiting === 0)

beforeEach(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [outboxMigrations])
  pool = createDatabasePool(schema.url)
  published = []
  stops = []
})

afterEach(async () => {
  for (const stop of stops) await stop()
  await pool.end()
  await schema.drop()
})

test('publishes messages as they were written, in their order, and keeps none', async () => {
  const messages = Array.from({ length: 25 }, (_, index) =>
    testMessage('käy 🦊', { n: index, text: "it's" }, { headers: { traceparent: `00-${index}` } }),
  )
  await write(...messages)
  startPublisher()
  await empty()
  expect(published).toEqual(messages)
})

test('publishes nothing of a transaction that rolled back', async () => {
  const failing = withTransaction(pool, async session => {
    await writeToOutbox(session, [testMessage('a', 1)], Date.now())
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  const last = testMessage('b', 2)
  await write(last)
  startPublisher()
  await empty()
  expect(published).toEqual([last])
})

test('publishes a message whose transaction commits after one that began later', async () => {
  startPublisher()
  const [early, late] = [testMessage('a', 'early'), testMessage('b', 'late')]
  await withTransaction(pool, async session => {
    await writeToOutbox(session, [early], Date.now())
    await write(late)
    await eventually(() => published.length === 1)
  })
  await empty()
  expect(published).toEqual([late, early])
})

test('keeps messages that the broker refuses, and publishes them in order when it takes them', async () => {
  const messages = [testMessage('a', 1), testMessage('a', 2)]
  await write(...messages)
  let refusals = 3
  startPublisher(async batch => {
    if (refusals-- > 0) throw new Error('broker away')
    published.push(...batch)
  })
  await empty()
  expect(published).toEqual(messages)
})

test('publishes one at a time when two processes run, and the other takes over', async () => {
  let active = 0
  let most = 0
  const publish = async (messages: readonly Message[]) => {
    most = Math.max(most, ++active)
    await systemClock.sleep(2)
    published.push(...messages)
    active--
  }
  const stopFirst = startPublisher(publish)
  startPublisher(publish)
  const messages = Array.from({ length: 100 }, (_, index) => testMessage('a', index))
  await write(...messages.slice(0, 50))
  await empty()
  await stopFirst()
  await write(...messages.slice(50))
  await empty()
  expect(published).toEqual(messages)
  expect(most).toBe(1)
})

test('goes on after its database session was killed', async () => {
  startPublisher()
  await write(testMessage('a', 1))
  await empty()
  const sessions = (await schema.admin(
    `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = '${schema.name}'`,
  )) as { id: number }[]
  for (const { id } of sessions) await schema.admin(`KILL ${id}`)
  await eventually(() =>
    write(testMessage('a', 2)).then(
      () => true,
      () => false,
    ),
  )
  await empty()
  expect(published.map(message => message.payload)).toEqual([1, 2])
})

test('says how long the oldest message has been waiting', async () => {
  await withTransaction(pool, session => writeToOutbox(session, [testMessage('a', 1)], Date.now() - 31_000))
  const { waiting: count, oldestMs } = await waiting()
  expect(count).toBe(1)
  expect(oldestMs).toBeGreaterThanOrEqual(31_000)
  expect(oldestMs).toBeLessThan(60_000)
})

test('refuses a message that no broker would take', async () => {
  await expect(write(testMessage('a', 'x'.repeat(900_001)))).rejects.toMatchObject({
    code: 'MESSAGE_TOO_LARGE',
  })
  expect((await waiting()).waiting).toBe(0)
})

test('is told by the binlog that there is something to publish, and again after the tail was cut', async () => {
  const stop = new AbortController()
  const waker = createWaker()
  const log = createLog('outbox', 'silent')
  // It would not look by itself before the test is over.
  const publishing = publishOutbox(
    { pool, publish: keep, clock: systemClock, log, pollMs: 3_600_000, waker },
    stop.signal,
  )
  await schema.admin(`GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO ${schema.name}@'127.0.0.1'`)
  const tailing = tailOutbox({ url: schema.url, waker, clock: systemClock, log, retryMs: 20 }, stop.signal)
  stops.push(async () => {
    stop.abort()
    await Promise.all([publishing, tailing])
  })
  for (const n of [1, 2]) {
    await write(testMessage('a', n))
    await eventually(() => published.length === n)
  }
  // Others read the binlog of this server too: only the connection of this schema's account is cut.
  const own = (await schema.admin(
    `SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%' AND user = '${schema.name}'`,
  )) as { id: number }[]
  expect(own).toHaveLength(1)
  await schema.admin(`KILL ${own[0]?.id}`)
  await write(testMessage('a', 3))
  await eventually(() => published.length === 3)
  await write(testMessage('a', 4))
  await eventually(() => published.length === 4)
  expect(published.map(({ payload }) => payload)).toEqual([1, 2, 3, 4])
})
