import type { Message } from '@strangler/chassis/messaging/message.ts'
import type { Messaging } from '@strangler/chassis/messaging/messaging.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { Gauge, Histogram, type Registry } from 'prom-client'
import { historyConsumer } from './order-history.ts'

/** How far the history is behind what has happened: in messages, and in time for those that it comes to. */
export function addHistoryMetrics(
  metrics: Registry,
  { messaging, topics, clock }: { messaging: Messaging; topics: readonly string[]; clock: Clock },
): { added(message: Message): void } {
  new Gauge({
    name: 'strangler_history_behind_messages',
    help: 'Messages that the order history has not come to yet',
    registers: [metrics],
    async collect() {
      this.set(await messaging.behind(historyConsumer, topics).catch(() => Number.NaN))
    },
  })
  const lag = new Histogram({
    name: 'strangler_history_lag_seconds',
    help: 'Time from an event of an order to its place in the history',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [metrics],
  })
  return {
    added: ({ payload }) => {
      const { at } = payload as { at?: unknown }
      const happened = typeof at === 'string' ? Date.parse(at) : Number.NaN
      if (!Number.isNaN(happened)) lag.observe(Math.max(0, clock.now() - happened) / 1_000)
    },
  }
}
