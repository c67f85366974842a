import { setTimeout as delay } from 'node:timers/promises'
import {
  Admin,
  Consumer as KafkaConsumer,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { partitionOf } from '../message-log/message-log.ts'
import type { Messaging } from '../messaging/messaging.ts'
import { consumeKafka } from './consume-kafka.ts'
import { recordOfMessage } from './kafka-record.ts'
import { measureBehind } from './measure-behind.ts'

export type KafkaMessagingParts = {
  /** `host:port` of some brokers. */
  bootstrapServers: readonly string[]
  /** Names this process in the brokers' logs. */
  clientId: string
  /** Copies of each new topic. */
  replicas: number
  clock: Clock
  log: Log
  /** How long a member that gives no sign of life keeps its partitions, in ms. */
  sessionMs?: number
}

/** How long a topic that was asked for may take to be there. */
const topicWithinMs = 15_000

/** Messaging that has to be closed: it holds connections. */
export type KafkaMessaging = Messaging & { close(): Promise<void> }

/** Kafka behind the port. Keys have the partitions that they have in the embedded log. */
export function createKafkaMessaging(parts: KafkaMessagingParts): KafkaMessaging {
  const { clientId, clock, log, replicas, sessionMs = 10_000 } = parts
  const base = { clientId, bootstrapBrokers: [...parts.bootstrapServers], autocreateTopics: false }
  const admin = new Admin(base)
  // A repetition after a lost answer is told apart by the broker; acks -1 is all replicas in sync.
  const producer = new Producer({ ...base, serializers: stringSerializers, idempotent: true, acks: -1 })
  const partitions = new Map<string, number>()

  async function countPartitions(topic: string): Promise<number> {
    const names = await admin.listTopics()
    if (!names.includes(topic)) return 0
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true })
    return topics.get(topic)?.partitionsCount ?? 0
  }

  /** Another process may be creating it just now: what counts is what there is afterwards, once brokers know of it. */
  async function untilThere(topic: string, count: number): Promise<number> {
    let refused: unknown
    for (const deadline = clock.now() + topicWithinMs; clock.now() < deadline; await delay(50)) {
      const found = await countPartitions(topic)
      if (found > 0) return found
      await admin.createTopics({ topics: [topic], partitions: count, replicas }).catch(error => {
        refused = error
      })
    }
    throw new ToolkitError(
      'TOPIC_UNKNOWN',
      `topic ${topic} is not there ${topicWithinMs} ms after it was asked for`,
      {
        hint: 'see what the brokers log; a service may lack the right to create topics',
        details: { topic },
        cause: refused,
      },
    )
  }

  async function learn(topic: string): Promise<number> {
    const known = partitions.get(topic)
    if (known !== undefined) return known
    const count = await countPartitions(topic)
    if (count === 0)
      throw new ToolkitError('TOPIC_UNKNOWN', `there is no topic ${topic}`, {
        hint: 'create it at the start of the service that publishes to it',
        details: { topic },
      })
    partitions.set(topic, count)
    return count
  }

  return {
    createTopic: async (topic, count) => {
      const found = await untilThere(topic, count)
      if (found === count) return
      throw new ToolkitError('TOPIC_DIFFERS', `topic ${topic} has ${found} partitions, not ${count}`, {
        hint: 'keep the number, or publish to a topic of another name',
        details: { topic, found, asked: count },
      })
    },
    publish: async messages => {
      if (messages.length === 0) return
      for (const topic of new Set(messages.map(message => message.topic))) await learn(topic)
      const records = messages.map(message => ({
        ...recordOfMessage(message),
        partition: partitionOf(message.key, partitions.get(message.topic)!),
      }))
      await producer.send({ messages: records })
    },
    subscribe: consumer =>
      consumeKafka(
        new KafkaConsumer({
          ...base,
          groupId: consumer.group,
          deserializers: stringDeserializers,
          sessionTimeout: sessionMs,
          heartbeatInterval: sessionMs / 4,
          rebalanceTimeout: 2 * sessionMs,
        }),
        consumer,
        { clock, log },
      ),
    behind: (group, topics) => measureBehind(admin, group, topics),
    close: async () => {
      await producer.close()
      await admin.close()
    },
  }
}
