import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { Producer, stringSerializers } from '@platformatic/kafka'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { createKafkaMessaging, type KafkaMessaging } from '../src/kafka/kafka-messaging.ts'
import type { Message } from '../src/messaging/message.ts'
import type { Messaging } from '../src/messaging/messaging.ts'
import { eventually } from './messages.ts'
import { testMessaging } from './messaging-contract.ts'

/** `host:port` of a Kafka that is running, for example of `node stack/src/kafka-main.ts`. */
const bootstrapServers = process.env.STRANGLER_TEST_KAFKA
const describeKafka = bootstrapServers === undefined ? describe.skip : describe
const log = createLog('kafka', process.env.KAFKA_LOG ?? 'silent')

const connect = () =>
  createKafkaMessaging({
    bootstrapServers: [bootstrapServers ?? ''],
    clientId: 'contract',
    replicas: 1,
    clock: systemClock,
    log,
    sessionMs: 6_000,
  })

/** Topics and groups of a test of its own, under the names that the contract uses. */
function apart(messaging: Messaging, prefix: string): Messaging {
  const inside = (message: Message): Message => ({ ...message, topic: prefix + message.topic })
  const outside = (message: Message): Message => ({ ...message, topic: message.topic.slice(prefix.length) })
  return {
    createTopic: (topic, partitions) => messaging.createTopic(prefix + topic, partitions),
    publish: messages => messaging.publish(messages.map(inside)),
    behind: (group, topics) =>
      messaging.behind(
        prefix + group,
        topics.map(topic => prefix + topic),
      ),
    subscribe: ({ group, topics, handle }) =>
      messaging.subscribe({
        group: prefix + group,
        topics: topics.map(topic => prefix + topic),
        handle: delivery => handle({ ...delivery, message: outside(delivery.message) }),
      }),
  }
}

describeKafka('Kafka', () => {
  jest.setTimeout(30_000)
  const open: KafkaMessaging[] = []
  const prefixOf = () => `t${randomBytes(4).toString('hex')}-`

  afterAll(async () => {
    for (const { close } of open) await close()
  })

  testMessaging(async () => {
    const prefix = prefixOf()
    const mine: KafkaMessaging[] = []
    const another = () => {
      const made = connect()
      mine.push(made)
      return apart(made, prefix)
    }
    return {
      messaging: another(),
      another,
      close: async () => {
        for (const { close } of mine) await close()
      },
    }
  })

  test('delivers what is no message as undecodable, the same each time, and goes on behind it', async () => {
    const prefix = prefixOf()
    const kafka = connect()
    open.push(kafka)
    const topic = `${prefix}orders`
    await kafka.createTopic(topic, 1)
    const stranger = new Producer({
      clientId: 'stranger',
      bootstrapBrokers: [bootstrapServers ?? ''],
      serializers: stringSerializers,
    })
    await stranger.send({ messages: [{ topic, key: 'a', value: '{ not json' }] })
    await stranger.close()
    const good = { id: '1', topic, key: 'a', type: 'order-placed', headers: {}, payload: 1 }
    await kafka.publish([good])
    const read = async (group: string): Promise<Message[]> => {
      const got: Message[] = []
      const handle = async ({ message }: { message: Message }) => void got.push(message)
      const subscription = kafka.subscribe({ group: prefix + group, topics: [topic], handle })
      await eventually(() => got.length === 2)
      await subscription.close()
      return got
    }
    const [first, second] = [await read('one'), await read('two')]
    expect(first).toEqual([expect.objectContaining({ type: 'Undecodable', payload: '{ not json' }), good])
    expect(second).toEqual(first)
  })
})
