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
import { tailOutbox } from '../outbox/tail-outbox.ts'
import { createWaker } from './create-waker.ts'
import type { Messaging } from './messaging.ts'

/**
 * Which broker a process is connected to, and how it learns that its outbox has something for it: by asking the table, or,
 * with `tail`, from the binlog. The value is an account's URL at the outbox's server, which may read the binlog.
 */
export type Broker = (EmbeddedBroker | KafkaBroker) & { tail?: string | undefined }

type EmbeddedBroker =
  /** `url`: `mysql://user:password@host:port/schema` of the log, which all services share. */
  { kind: 'embedded'; url: string }

type KafkaBroker =
  /** `servers`: `host:port` of some brokers; `replicas`: copies of each new topic. */
  { kind: 'kafka'; servers: readonly string[]; replicas: number }

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
/** The binlog says when there is something; a look now and then is for what it may have missed. */
const tailedPollMs = 5_000

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
      const pollMs = broker.tail === undefined ? outboxPollMs : tailedPollMs
      publishing.push(publishOutbox({ pool, publish, clock, log, pollMs, waker }, stop.signal))
      if (broker.tail !== undefined)
        publishing.push(tailOutbox({ url: broker.tail, waker, clock, log }, stop.signal))
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

function connectToKafka({ servers, replicas }: KafkaBroker, { name, clock, log }: MessagingParts): Connected {
  const messaging = createKafkaMessaging({ bootstrapServers: servers, clientId: name, replicas, clock, log })
  return { messaging, close: messaging.close }
}
