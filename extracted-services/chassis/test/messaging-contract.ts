import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import type { Message } from '../src/messaging/message.ts'
import type { Delivery, Messaging, Subscription } from '../src/messaging/messaging.ts'
import { eventually, testMessage } from './messages.ts'

export type MessagingUnderTest = {
  messaging: Messaging
  /** Another process at the same broker. */
  another(): Messaging
  close(): Promise<void>
}

/** What every broker behind the port does. `make` answers one without any topic. */
export function testMessaging(make: () => Promise<MessagingUnderTest>): void {
  let broker: MessagingUnderTest
  let messaging: Messaging
  let subscriptions: Subscription[]

  beforeEach(async () => {
    broker = await make()
    messaging = broker.messaging
    subscriptions = []
    await messaging.createTopic('orders', 4)
  })

  afterEach(async () => {
    for (const subscription of subscriptions) await subscription.close()
    await broker.close()
  })

  function consume(
    group: string,
    handle: (delivery: Delivery) => Promise<void>,
    through: Messaging = messaging,
    topics: readonly string[] = ['orders'],
  ): Subscription {
    const subscription = through.subscribe({ group, topics, handle })
    subscriptions.push(subscription)
    return subscription
  }

  function collect(group: string, through = messaging, topics = ['orders']): Message[] {
    const got: Message[] = []
    consume(group, async ({ message }) => void got.push(message), through, topics)
    return got
  }

  const numbered = (count: number, keys: number) =>
    Array.from({ length: count }, (_, index) => testMessage(`key-${index % keys}`, index))
  const payloadsOf = (messages: readonly Message[], key: string) =>
    messages.filter(message => message.key === key).map(message => message.payload)
  const expectKeyOrder = (got: readonly Message[], sent: readonly Message[]) => {
    for (const key of new Set(sent.map(message => message.key)))
      expect(payloadsOf(got, key)).toEqual(payloadsOf(sent, key))
  }

  test('says how many messages a group has not handled yet', async () => {
    await messaging.publish(numbered(10, 4))
    expect(await messaging.behind('history', ['orders'])).toBe(10)
    const got = collect('history')
    await eventually(() => got.length === 10)
    await eventually(async () => (await messaging.behind('history', ['orders'])) === 0)
    await messaging.publish([testMessage('key-1', 11)])
    expect(await messaging.behind('billing', ['orders'])).toBe(11)
  })

  test('delivers a message as it was published', async () => {
    const message = testMessage('käy 🦊', { text: "it's", list: [1, null, true] }, { headers: { a: 'b' } })
    await messaging.publish([message])
    const got = collect('billing')
    await eventually(() => got.length === 1)
    expect(got).toEqual([message])
  })

  test('delivers messages of a key in their order, those published before the group and after', async () => {
    const sent = numbered(300, 7)
    await messaging.publish(sent.slice(0, 150))
    const got = collect('billing')
    for (let start = 150; start < sent.length; start += 25)
      await messaging.publish(sent.slice(start, start + 25))
    await eventually(() => got.length >= sent.length)
    expect(got).toHaveLength(sent.length)
    expectKeyOrder(got, sent)
  })

  test('gives every group every message', async () => {
    const [billing, shipping] = [collect('billing'), collect('shipping')]
    const sent = numbered(40, 5)
    await messaging.publish(sent)
    await eventually(() => billing.length >= 40 && shipping.length >= 40)
    expectKeyOrder(billing, sent)
    expectKeyOrder(shipping, sent)
  })

  test('shares the messages of a group among its members, in order within a key', async () => {
    const got: Message[] = []
    const workers = [0, 0]
    const work = (worker: number) => async (delivery: Delivery) => {
      got.push(delivery.message)
      workers[worker] = workers[worker]! + 1
      await systemClock.sleep(1)
    }
    consume('billing', work(0))
    consume('billing', work(1), broker.another())
    const sent = numbered(400, 40)
    for (let start = 0; start < sent.length; start += 20) {
      await messaging.publish(sent.slice(start, start + 20))
      await systemClock.sleep(20)
    }
    await eventually(() => new Set(got.map(message => message.id)).size === sent.length)
    expect(Math.min(...workers)).toBeGreaterThan(0)
    // A partition that changes hands may repeat a message, never overtake one.
    const once = got.filter((message, index) => got.findIndex(({ id }) => id === message.id) === index)
    expectKeyOrder(once, sent)
  })

  test('goes on behind what was handled when a group comes back', async () => {
    const first: Message[] = []
    const subscription = consume('billing', async ({ message }) => void first.push(message))
    await messaging.publish(numbered(20, 3))
    await eventually(() => first.length === 20)
    await subscription.close()
    const later = testMessage('key-1', 'later')
    await messaging.publish([later])
    const second = collect('billing', broker.another())
    await eventually(() => second.length > 0)
    await systemClock.sleep(50)
    expect(second).toEqual([later])
  })

  test('delivers a message again that was not handled, before any behind it in its key', async () => {
    const handled: unknown[] = []
    const attempts: number[] = []
    consume('billing', async ({ message, attempt }) => {
      if (message.payload === 1) {
        attempts.push(attempt)
        if (attempts.length < 3) throw new Error('not yet')
      }
      handled.push(message.payload)
    })
    await messaging.publish([0, 1, 2].map(payload => testMessage('a', payload)))
    await eventually(() => handled.length === 3)
    expect(handled).toEqual([0, 1, 2])
    expect(attempts).toEqual([1, 2, 3])
  })

  test('holds up no other key of another partition while one message fails', async () => {
    const handled = new Set<string>()
    consume('billing', async ({ message }) => {
      if (message.key === 'key-0') throw new Error('never')
      handled.add(message.key)
    })
    await messaging.publish(numbered(40, 40))
    await eventually(() => handled.size >= 15)
  })

  test('ends what is in hand before it closes', async () => {
    let began = false
    let ended = false
    const subscription = consume('billing', async () => {
      began = true
      await systemClock.sleep(100)
      ended = true
    })
    await messaging.publish([testMessage('a', 1)])
    await eventually(() => began)
    await subscription.close()
    expect(ended).toBe(true)
  })

  test('keeps topics apart, and lets a consumer have several', async () => {
    await messaging.createTopic('stock', 2)
    const [orders, both] = [collect('one'), collect('two', messaging, ['orders', 'stock'])]
    await messaging.publish([testMessage('a', 1), testMessage('a', 2, { topic: 'stock' })])
    await eventually(() => both.length === 2 && orders.length === 1)
    expect(orders.map(message => message.topic)).toEqual(['orders'])
    expect(both.map(message => message.topic).sort()).toEqual(['orders', 'stock'])
  })

  test('makes a topic once, and refuses it with another number of partitions', async () => {
    await Promise.all([messaging.createTopic('orders', 4), broker.another().createTopic('orders', 4)])
    await expect(messaging.createTopic('orders', 5)).rejects.toMatchObject({ code: 'TOPIC_DIFFERS' })
  })

  test('publishes nothing of a batch that it refuses', async () => {
    const unknown = testMessage('a', 1, { topic: 'nowhere' })
    const large = testMessage('a', 'x'.repeat(900_001))
    const good = testMessage('a', 'good')
    await expect(messaging.publish([good, unknown])).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
    await expect(messaging.publish([good, large])).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
    const last = testMessage('a', 'last')
    await messaging.publish([last])
    const got = collect('billing')
    await eventually(() => got.length > 0)
    expect(got).toEqual([last])
  })
}
