import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import type { Pool } from 'mysql2/promise'
import { messageLogCleanUp } from '../clean-up/chassis-clean-ups.ts'
import { runCleanUps } from '../clean-up/run-clean-ups.ts'
import { applyMigrations } from '../database/apply-migrations.ts'
import { closeDatabasePool, createDatabasePool } from '../database/create-database-pool.ts'
import type { Messaging } from '../messaging/messaging.ts'
import { publishOutbox } from '../outbox/publish-outbox.ts'
import { createEmbeddedMessaging } from './embedded-messaging.ts'
import { messageLogMigrations } from './message-log.ts'

export type OpenMessaging = {
  messaging: Messaging
  /** Publishes the outbox in the schema of `pool` until closed. */
  publishFrom(pool: Pool): void
  close(): Promise<void>
}

/**
 * Connects a process to the embedded broker.
 * @param url `mysql://user:password@host:port/schema` of the log, which all services share
 * @param topics those that this process publishes to, and how many partitions each has
 * @throws ToolkitError of applyMigrations, TOPIC_DIFFERS
 */
export async function openEmbeddedMessaging(
  url: string,
  topics: Readonly<Record<string, number>>,
  { clock, log }: { clock: Clock; log: Log },
): Promise<OpenMessaging> {
  await applyMigrations(url, [messageLogMigrations])
  const pool = createDatabasePool(url)
  const messaging = createEmbeddedMessaging({ pool, clock, log })
  const stop = new AbortController()
  const running = [runCleanUps([messageLogCleanUp], { pool, clock, log }, stop.signal)]
  const close = async () => {
    stop.abort()
    await Promise.all(running)
    await closeDatabasePool(pool)
  }
  try {
    for (const [topic, partitions] of Object.entries(topics)) await messaging.createTopic(topic, partitions)
  } catch (error) {
    await close()
    throw error
  }
  return {
    messaging,
    publishFrom: outbox => {
      const publish = messaging.publish
      running.push(publishOutbox({ pool: outbox, publish, clock, log, pollMs: 20 }, stop.signal))
    },
    close,
  }
}
