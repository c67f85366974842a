import { fileURLToPath } from 'node:url'
import { idempotencyCleanUp, inboxCleanUp } from '@strangler/chassis/clean-up/chassis-clean-ups.ts'
import { type CleanUp, runCleanUps } from '@strangler/chassis/clean-up/run-clean-ups.ts'
import { applyMigrations } from '@strangler/chassis/database/apply-migrations.ts'
import { closeDatabasePool, createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import { createDatabaseReadiness } from '@strangler/chassis/database/database-readiness.ts'
import { eventStoreMigrations } from '@strangler/chassis/event-store/event-store.ts'
import { createHttpServer } from '@strangler/chassis/http/create-http-server.ts'
import { idempotencyMigrations } from '@strangler/chassis/idempotency/idempotency-store.ts'
import { inboxMigrations } from '@strangler/chassis/inbox/process-once.ts'
import type { Consumer, Delivery } from '@strangler/chassis/messaging/messaging.ts'
import { type Broker, openMessaging } from '@strangler/chassis/messaging/open-messaging.ts'
import { outboxMigrations } from '@strangler/chassis/outbox/outbox.ts'
import { consumeWithParking } from '@strangler/chassis/parking/consume-with-parking.ts'
import { parkingMigrations } from '@strangler/chassis/parking/parked-messages.ts'
import { removeEndedSagas } from '@strangler/chassis/saga/operate-sagas.ts'
import { runSagas } from '@strangler/chassis/saga/run-sagas.ts'
import { sagaMigrations } from '@strangler/chassis/saga/saga-rows.ts'
import { addQueueMetrics } from '@strangler/chassis/telemetry/queue-metrics.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import type { Log } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import { createDecisions } from './application/decisions.ts'
import { ordersEvents } from './application/order-aggregate.ts'
import { cancelOrderSaga, createOrderSaga } from './application/order-sagas.ts'
import { orderReactors } from './choreography/react-to-orders.ts'
import { addHistoryMetrics } from './history/history-metrics.ts'
import { addToHistory, historyConsumer } from './history/order-history.ts'
import { buildApp } from './http/build-app.ts'
import { createCreditHolds, removeReleasedHolds } from './participants/credit-holds.ts'
import { createRestParticipants } from './participants/rest-participants.ts'
import { createStockLookup } from './participants/stock-lookup.ts'
import { createOrders } from './sql/create-orders.ts'
import { giveUpOverdue } from './sql/pending-orders.ts'

/** Who decides a new order: a coordinator with a durable state, or the order's events by themselves. */
export type SagaStyle = 'orchestration' | 'choreography'

export type OrdersOptions = {
  host: string
  /** 0 takes a free one. */
  port: number
  /** `mysql://user:password@host:port/schema`: the service's own account and schema. */
  databaseUrl: string
  broker: Broker
  /** Where the other capabilities are reached: the proxy. */
  capabilitiesUrl: string
  /** Resolves with `host:port` of a gRPC stock lookup; without it stock is not looked up before it is reserved. */
  findStockLookup?: (() => Promise<string>) | undefined
  sagaStyle: SagaStyle
  /** How long an order may be PENDING, in ms. */
  withinMs: number
  /** How long one call of another capability may take, in ms. */
  attemptMs: number
  clock: Clock
  log: Log
}

const partitions = 8
/** Steps of the sagas that change an order. */
const changing = new Set(['confirm', 'order'])
const day = 24 * 3_600_000

/** Where the tables' migrations are, for `applyMigrations`. */
const ordersMigrations = {
  component: 'orders',
  folder: fileURLToPath(new URL('../sql', import.meta.url)),
}
const cleanUps: readonly CleanUp[] = [
  inboxCleanUp,
  idempotencyCleanUp,
  { name: 'sagas', keepMs: 30 * day, remove: removeEndedSagas },
  { name: 'credit-holds', keepMs: 30 * day, remove: removeReleasedHolds },
]

/**
 * Migrates the schema, then serves.
 * @throws ToolkitError of applyMigrations, openMessaging and listen
 */
export async function startOrders(options: OrdersOptions): Promise<{ url: string; close(): Promise<void> }> {
  const { databaseUrl, clock, log, sagaStyle, withinMs, attemptMs } = options
  const ran = await applyMigrations(databaseUrl, [
    ordersMigrations,
    eventStoreMigrations,
    sagaMigrations,
    outboxMigrations,
    inboxMigrations,
    parkingMigrations,
    idempotencyMigrations,
  ])
  if (ran.length > 0) log.info({ migrations: ran }, 'schema migrated')
  const pool = createDatabasePool(databaseUrl, { connections: 32 })
  const stop = new AbortController()
  const closing: (() => Promise<unknown>)[] = [() => closeDatabasePool(pool)]
  const close = async () => {
    stop.abort()
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    // Topics of other services are made here too, in case they start later; they keep what they were made with.
    const topics = { [ordersEvents]: partitions, 'customers-events': partitions, 'catalog-stock': partitions }
    const broker = await openMessaging(options.broker, topics, { name: 'orders', clock, log })
    closing.push(broker.close)
    broker.publishFrom(pool)
    const cleaning = runCleanUps(cleanUps, { pool, clock, log }, stop.signal)
    closing.push(() => cleaning)

    const holds = createCreditHolds(pool, clock)
    const stock =
      options.findStockLookup && createStockLookup({ findAddress: options.findStockLookup, clock, log })
    if (stock !== undefined) closing.push(async () => stock.close())
    const participants = createRestParticipants(options.capabilitiesUrl, { holds, stock, log })
    const createOrder =
      sagaStyle === 'orchestration' ? createOrderSaga({ participants, clock, withinMs }) : undefined
    const cancelOrder = cancelOrderSaga({ participants, clock })
    const sagas = createOrder === undefined ? [cancelOrder] : [createOrder, cancelOrder]
    const decisions = createDecisions()
    const changed = (orderId: string) => {
      decisions.tell(orderId)
      broker.wake()
    }
    const onStep = (_saga: string, orderId: string, step: string) => {
      if (changing.has(step)) changed(orderId)
    }
    const runner = runSagas({ pool, clock, log, sagas, attemptMs, pollMs: 100, most: 32, onStep })
    closing.push(runner.close)

    const metrics = createMetrics()
    addQueueMetrics(metrics, pool, clock)
    const { messaging } = broker
    const historyMetrics = addHistoryMetrics(metrics, { messaging, topics: Object.keys(topics), clock })
    const history: Consumer = {
      group: historyConsumer,
      topics: Object.keys(topics),
      handle: async ({ message }) => {
        await addToHistory(pool, message, clock.now())
        historyMetrics.added(message)
      },
    }
    const reactors = createOrder === undefined ? orderReactors({ pool, clock, participants, attemptMs }) : []
    const telling = reactors.map(reactor => ({
      ...reactor,
      handle: async (delivery: Delivery) => {
        await reactor.handle(delivery)
        changed(delivery.message.key)
      },
    }))
    for (const consumer of [history, ...telling]) {
      const parts = { messaging, pool, clock, log }
      closing.push(consumeWithParking(consumer, parts).close)
    }
    if (createOrder === undefined) {
      const sweeping = giveUpOverdue({ pool, clock, log }, stop.signal)
      closing.push(() => sweeping)
    }

    const wake = () => {
      runner.wake()
      broker.wake()
    }
    const orders = createOrders({ pool, clock, createOrder, cancelOrder, withinMs, decisions, wake })
    const app = buildApp({ orders, clock, log, metrics, notReady: createDatabaseReadiness(pool, clock) })
    const { url, close: stopListening } = await listen(createHttpServer(app), options.port, options.host)
    closing.push(stopListening)
    return { url, close }
  } catch (error) {
    await close()
    throw error
  }
}
