import type { Clock } from '@strangler/kit/clock.ts'
import type { Pool } from 'mysql2/promise'
import { Gauge, type Registry } from 'prom-client'
import { type Session, withSession } from '../database/with-transaction.ts'
import { measureOutbox } from '../outbox/outbox.ts'
import { measureParking } from '../parking/dead-letters.ts'
import { measureSagas } from '../saga/operate-sagas.ts'

/** What an operator has to see of a service with outbox, parking and sagas: what waits, how long, and what for. */
export function addQueueMetrics(metrics: Registry, pool: Pool, clock: Clock): void {
  const gauge = (name: string, help: string, measure: (session: Session) => Promise<number>) =>
    new Gauge({
      name: `strangler_${name}`,
      help,
      registers: [metrics],
      async collect() {
        // A database that is away is no reason to answer no metrics at all.
        this.set(await withSession(pool, measure).catch(() => Number.NaN))
      },
    })
  gauge(
    'outbox_messages',
    'Messages that wait to be published',
    async session => (await measureOutbox(session, clock.now())).waiting,
  )
  gauge(
    'outbox_oldest_seconds',
    'How long the oldest message has waited to be published',
    async session => (await measureOutbox(session, clock.now())).oldestMs / 1_000,
  )
  gauge(
    'parked_keys',
    'Keys that wait because one of their messages failed',
    async session => (await measureParking(session)).keys,
  )
  gauge(
    'dead_letters',
    'Messages that wait for an operator',
    async session => (await measureParking(session)).dead,
  )
  gauge('sagas_running', 'Sagas that have not ended', async session => (await measureSagas(session)).running)
  gauge(
    'sagas_stuck',
    'Sagas that fail again and again',
    async session => (await measureSagas(session)).stuck,
  )
}
