import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import type { Pool } from 'mysql2/promise'
import { applyMigrations } from '../src/database/apply-migrations.ts'
import { createDatabasePool } from '../src/database/create-database-pool.ts'
import { withTransaction } from '../src/database/with-transaction.ts'
import { inboxMigrations } from '../src/inbox/process-once.ts'
import { createEmbeddedMessaging } from '../src/message-log/embedded-messaging.ts'
import { messageLogMigrations } from '../src/message-log/message-log.ts'
import { composeMessage, replyTopicName, topicName } from '../src/messaging/compose-message.ts'
import type { Message } from '../src/messaging/message.ts'
import type { Subscription } from '../src/messaging/messaging.ts'
import { createRequester, replyOnce } from '../src/messaging/request-reply.ts'
import { outboxMigrations, writeToOutbox } from '../src/outbox/outbox.ts'
import { publishOutbox } from '../src/outbox/publish-outbox.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'
import { eventually } from './messages.ts'

const log = createLog('request-reply', 'silent')
const commands = topicName('catalog', 'command')
const replies = replyTopicName('orders', '1')
let schema: TestSchema
let pool: Pool
let publishing: Promise<void>
let stop: AbortController
const open: { close(): Promise<void> }[] = []

const broker = () => createEmbeddedMessaging({ pool, clock: systemClock, log, leaseMs: 600, pollMs: 5 })
const send = (message: Message) =>
  withTransaction(pool, session => writeToOutbox(session, [message], Date.now()))
const lookUp = (payload: unknown, type = 'LookUpStock') =>
  composeMessage({ kind: 'command', topic: commands, key: 'TEA', type, payload })

async function requester(most = 10) {
  const parts = { messaging: broker(), send, replyTopic: replies, clock: systemClock, most }
  const made = await createRequester(parts)
  open.push(made)
  return made
}

function answering(work: (message: Message) => Promise<unknown>, consumer = 'catalog'): Subscription {
  const subscription = broker().subscribe({
    group: consumer,
    topics: [commands],
    handle: async ({ message }) => {
      const parts = { pool, consumer, clock: systemClock, replyTopics: [replies] }
      await replyOnce(parts, message, 'Stock', () => work(message)).catch(() => {})
    },
  })
  open.push(subscription)
  return subscription
}

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [messageLogMigrations, inboxMigrations, outboxMigrations])
  pool = createDatabasePool(schema.url)
})

beforeEach(async () => {
  await schema.admin(
    `DELETE FROM log_messages; DELETE FROM log_partitions; DELETE FROM log_positions; DELETE FROM log_members;
     DELETE FROM outbox_messages; DELETE FROM processed_messages`,
  )
  await broker().createTopic(commands, 2)
  stop = new AbortController()
  const publish = (messages: readonly Message[]) => broker().publish(messages)
  publishing = publishOutbox({ pool, publish, clock: systemClock, log, pollMs: 5 }, stop.signal)
})

afterEach(async () => {
  for (const { close } of open.splice(0)) await close()
  stop.abort()
  await publishing
})

afterAll(async () => {
  await pool.end()
  await schema.drop()
})

test('brings every caller the reply to its own request, in the trace of the request', async () => {
  const { request } = await requester()
  answering(async ({ payload }) => ({ stock: (payload as { n: number }).n * 2 }))
  const sent = [1, 2, 3, 4, 5].map(n => lookUp({ n }))
  const got = await Promise.all(sent.map(command => request(command, 5_000)))
  expect(got.map(({ payload }) => payload)).toEqual([2, 4, 6, 8, 10].map(stock => ({ stock })))
  for (const [index, reply] of got.entries()) {
    expect(reply.headers).toMatchObject({ kind: 'document', 'correlation-id': sent[index]?.id })
    const traceOf = (message: Message) => message.headers.traceparent?.split('-')[1]
    expect(traceOf(reply)).toBe(traceOf(sent[index]!))
  }
})

test('gives up after the deadline, and counts the reply that comes later', async () => {
  const { request, lateReplies } = await requester()
  const gate = Promise.withResolvers<void>()
  answering(() => gate.promise)
  await expect(request(lookUp(1), 300)).rejects.toMatchObject({
    code: 'REPLY_MISSING',
    details: { withinMs: 300 },
  })
  expect(lateReplies()).toBe(0)
  gate.resolve()
  await eventually(() => lateReplies() === 1)
})

test('does nothing for a request that nobody waits for any more', async () => {
  const { request } = await requester()
  await expect(request(lookUp(1), 20)).rejects.toMatchObject({ code: 'REPLY_MISSING' })
  let acted = 0
  answering(async () => acted++)
  await request(lookUp(2), 5_000)
  expect(acted).toBe(1)
})

test('refuses a request beyond those that may wait', async () => {
  const { request } = await requester(1)
  const first = request(lookUp(1), 5_000)
  await expect(request(lookUp(2), 5_000)).rejects.toMatchObject({ code: 'REQUESTS_FULL' })
  answering(async ({ payload }) => payload)
  expect((await first).payload).toBe(1)
})

test('gathers the replies to one event from whoever cares', async () => {
  const { gather } = await requester()
  answering(async () => 'from the shelf', 'catalog')
  answering(async () => 'from the depot', 'depot')
  const event = composeMessage({
    kind: 'event',
    topic: commands,
    key: 'TEA',
    type: 'StockWanted',
    payload: {},
  })
  const replied = await gather(event, 5_000, 2)
  expect(replied.map(({ payload }) => payload).toSorted()).toEqual(['from the depot', 'from the shelf'])
})

test('acts without a reply on a one-way notification', async () => {
  const { lateReplies } = await requester()
  const acted: unknown[] = []
  answering(async ({ payload }) => acted.push(payload))
  await send(lookUp('told'))
  await eventually(() => acted.length === 1)
  await systemClock.sleep(50)
  expect([acted, lateReplies()]).toEqual([['told'], 0])
})

test('refuses to reply where no replies go', async () => {
  const stray = { ...lookUp(1), headers: { 'reply-to': 'nowhere' } }
  const parts = { pool, consumer: 'catalog', clock: systemClock, replyTopics: [replies] }
  const replying = replyOnce(parts, stray, 'Stock', async () => {})
  await expect(replying).rejects.toMatchObject({ code: 'MESSAGE_INVALID' })
})
