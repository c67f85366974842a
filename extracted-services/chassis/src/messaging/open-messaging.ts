import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import type { Pool } from 'mysql2/promise'
import { messageLogCleanUp } from '../clean-up/chassis-clean-ups.ts'
import { runCleanUps } from '../clean-up/run-clean-ups.ts'
import { applyMigrations } from '../database/apply-migrations.ts'
import { closeDatabasePool, createDatabasePool } from '../database/create-database-pool.ts'
import { createKafkaMessaging } from '../kafka/kafka-messaging.ts'
import { createEmbeddedMessaging } from '../message-log/embedded-messaging.ts'
import { messageLogMigrations } from '../message-log/message-log.ts'
import { publishOutbox } from '../outbox/publish-outbox.ts'
import { createWaker } from './create-waker.ts'
import type { Messaging } from './messaging.ts'

/** Which broker a process is connected to. */
export type Broker =
  /** `url`: `mysql://user:password@host:port/schema` of the log, which all services share. */
  | { kind: 'embedded'; url: string }
  /** `servers`: `host:port` of some brokers; `replicas`: copies of each new topic. */
  | { kind: 'kafka'; servers: readonly string[]; replicas: number }

export type OpenMessaging = {
  messaging: Messaging
  /** Publishes the outbox in the schema of `pool` until closed. */
  publishFrom(pool: Pool): void
  /** Looks into the outbox now: call it after a transaction that wrote to it. */
  wake(): void
  close(): Promise<void>
}

export type MessagingParts = {
  /** Names this process in Kafka's logs. */
  name: string
  clock: Clock
  log: Log
}

const outboxPollMs = 20

/**
 * Connects a process to its broker.
 * @param topics those that this process publishes to, and how many partitions each has
 * @throws ToolkitError of applyMigrations, TOPIC_DIFFERS
 */
export async function openMessaging(
  broker: Broker,
  topics: Readonly<Record<string, number>>,
  parts: MessagingParts,
): Promise<OpenMessaging> {
  const { clock, log } = parts
  const { messaging, close: disconnect } =
    broker.kind === 'embedded' ? await connectToLog(broker.url, parts) : connectToKafka(broker, parts)
  const stop = new AbortController()
  const publishing: Promise<void>[] = []
  const waker = createWaker()
  const close = async () => {
    stop.abort()
    await Promise.all(publishing)
    await disconnect()
  }
  try {
    for (const [topic, partitions] of Object.entries(topics)) await messaging.createTopic(topic, partitions)
  } catch (error) {
    await close()
    throw error
  }
  return {
    messaging,
    publishFrom: pool => {
      const { publish } = messaging
      publishing.push(publishOutbox({ pool, publish, clock, log, pollMs: outboxPollMs, waker }, stop.signal))
    },
    wake: waker.wake,
    close,
  }
}

type Connected = { messaging: Messaging; close(): Promise<void> }

async function connectToLog(url: string, { clock, log }: MessagingParts): Promise<Connected> {
  await applyMigrations(url, [messageLogMigrations])
  const pool = createDatabasePool(url)
  const stop = new AbortController()
  const cleaning = runCleanUps([messageLogCleanUp], { pool, clock, log }, stop.signal)
  return {
    messaging: createEmbeddedMessaging({ pool, clock, log }),
    close: async () => {
      stop.abort()
      await cleaning
      await closeDatabasePool(pool)
    },
  }
}

function connectToKafka(
  { servers, replicas }: Extract<Broker, { kind: 'kafka' }>,
  { name, clock, log }: MessagingParts,
): Connected {
  const messaging = createKafkaMessaging({ bootstrapServers: servers, clientId: name, replicas, clock, log })
  return { messaging, close: messaging.close }
}
