import { randomUUID } from 'node:crypto'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
import { withSession } from '../database/with-transaction.ts'
import { createWaker } from '../messaging/create-waker.ts'
import type { Messaging } from '../messaging/messaging.ts'
import { consumeLog } from './consume-log.ts'
import { appendMessages, countPartitions, createTopic } from './message-log.ts'
import { measureBehind } from './partition-leases.ts'

export type EmbeddedMessagingParts = {
  /** The schema of the log, see `messageLogMigrations`. */
  pool: Pool
  clock: Clock
  log: Log
  /** How long a member that gives no sign of life keeps its partitions, in ms. */
  leaseMs?: number
  /** How long a member rests when there is nothing to do, in ms. */
  pollMs?: number
}

/** A broker that is nothing but tables: durable, with partitions, groups and leases. */
export function createEmbeddedMessaging(parts: EmbeddedMessagingParts): Messaging {
  const { pool, clock, log, leaseMs = 10_000, pollMs = 50 } = parts
  // A topic keeps its number of partitions for ever, so it is asked for once.
  const partitions = new Map<string, number>()
  // Consumers of this process needn't wait for their next look; those of others do.
  const waker = createWaker()

  async function learn(topic: string): Promise<void> {
    if (partitions.has(topic)) return
    const count = await withSession(pool, session => countPartitions(session, topic))
    if (count === 0)
      throw new ToolkitError('TOPIC_UNKNOWN', `there is no topic ${topic}`, {
        hint: 'create it at the start of the service that publishes to it',
        details: { topic },
      })
    partitions.set(topic, count)
  }

  return {
    createTopic: (topic, count) => createTopic(pool, topic, count),
    publish: async messages => {
      if (messages.length === 0) return
      for (const topic of new Set(messages.map(message => message.topic))) await learn(topic)
      await appendMessages(pool, messages, topic => partitions.get(topic)!, clock.now())
      waker.wake()
    },
    behind: (group, topics) => withSession(pool, session => measureBehind(session, group, topics)),
    subscribe: consumer =>
      consumeLog({ pool, clock, log, member: randomUUID(), leaseMs, pollMs, waker }, consumer),
  }
}
