import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Admin, Consumer } from '@platformatic/kafka'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection } from 'mysql2/promise'
import { connectToolkit, type Database } from '../data/database.ts'
import type { Side } from '../journal/capability-state.ts'
import { readServerPosition, type Signal, signalTable, storeSignal } from './signal-table.ts'
import type { SourceConnector } from './source-connector.ts'
import { openTopic, type TopicReader } from './topic-reader.ts'

export type DeliveryOptions = {
  connector: SourceConnector
  database: Database
  side: Side
  capability: string
  bootstrapServers: readonly string[]
  /** How long the topics keep what was sent, at least. */
  retentionSeconds: number
  /** Why the connector cannot deliver, where that is known. */
  failure(): Promise<string | undefined>
  signal: AbortSignal
}

/** A place in Kafka, and a position of the server that comes after everything before that place. */
export type Delivered = { cursor: string; position: string }

const withinMs = 60_000
const againMs = 1_000
const leastRetentionSeconds = 7 * 24 * 3_600
const latest = -1n

/** In commit order, so in one partition. */
export function transactionsTopic(topicPrefix: string): string {
  return `${topicPrefix}.transaction`
}

/**
 * Proves that the connector sends what is committed from now on: a row is written on the source until it is seen in
 * Kafka. A connector's state RUNNING does not say that: it is RUNNING before it has found its place in the binlog.
 * @throws ToolkitError CONNECTOR_FAILED, CONNECTOR_SILENT
 */
export async function awaitDelivery(options: DeliveryOptions): Promise<Delivered> {
  const { connector, database, signal } = options
  const bootstrapBrokers = [...options.bootstrapServers]
  const topics = [
    transactionsTopic(connector.topicPrefix),
    ...connector.tables.map(table => `${connector.topicPrefix}.${table}`),
  ]
  await createTopics(bootstrapBrokers, topics, options.retentionSeconds)
  const signals = `${connector.topicPrefix}.${database.controlSchema}.${signalTable}`
  const groupId = `strangler-${randomUUID()}`
  const consumer = new Consumer({ clientId: 'strangler', groupId, bootstrapBrokers, retries: 3 })
  consumer.on('error', () => {})
  let source: Connection | undefined
  let reader: TopicReader | undefined
  try {
    // the order matters: what lies before these ends was committed before the position that is read after them
    const ends = await consumer.listOffsets({ topics, timestamp: latest, isolationLevel: 1 })
    source = await connectToolkit(database)
    const position = await readServerPosition(source)
    reader = await openTopic(consumer, signals, ends.get(signals)!)
    await seeSignal(options, source, reader)
    const cursor = Object.fromEntries([...ends].map(([topic, offsets]) => [topic, offsets.map(String)]))
    return { cursor: JSON.stringify(cursor), position }
  } catch (error) {
    signal.throwIfAborted()
    if (isToolkitError(error)) throw error
    throw new ToolkitError('SOURCE_LOST', `Kafka broke off: ${messageOf(error)}`, { cause: error })
  } finally {
    reader?.close()
    source?.destroy()
    await consumer.close(true).catch(() => {})
  }
}

async function seeSignal(
  { connector, database, side, capability, failure, signal }: DeliveryOptions,
  source: Connection,
  reader: TopicReader,
): Promise<void> {
  const written: Signal = {
    id: `ready ${side} ${capability}`.slice(0, 64),
    side,
    // of nobody's stream: it proves the pipe, and moves nothing
    capability: `${capability}.ready`,
    kind: 'canary',
    epoch: 0,
  }
  const first = Date.now()
  for (let now = first; now - first < withinMs; now = Date.now()) {
    signal.throwIfAborted()
    await storeSignal(source, database.controlSchema, written, now)
    if (await arrives(reader, written.id, first, againMs)) return
    const reason = await failure()
    if (reason !== undefined)
      throw new ToolkitError('CONNECTOR_FAILED', `connector ${connector.name} failed: ${reason}`, {
        hint: `mend the cause, then: npx debezium-connector-config restart ${connector.name}`,
      })
  }
  throw new ToolkitError(
    'CONNECTOR_SILENT',
    `connector ${connector.name} runs, yet sent nothing within ${withinMs} ms`,
    { hint: "read the worker's log; are Connect and the engine on the same Kafka?" },
  )
}

async function arrives(reader: TopicReader, id: string, since: number, waitMs: number): Promise<boolean> {
  const over = delay(waitMs).then(() => true)
  for (;;) {
    for (const head of reader.heads()) {
      reader.take(head)
      const message = head.value === null ? null : JSON.parse(head.value.toString())
      const row = (message?.payload ?? message)?.after as { id: string; at: number } | null | undefined
      // microseconds, as a DATETIME(6) comes
      if (row?.id === id && row.at / 1_000 >= since) return true
    }
    if (reader.heads().length > 0) continue
    const arrival = reader.arrival().then(() => false)
    arrival.catch(() => {})
    if (await Promise.race([over, arrival])) return false
  }
}

/** With their partitions and their retention, before a broker makes them by its own defaults. Those that exist stay. */
async function createTopics(
  bootstrapBrokers: string[],
  topics: readonly string[],
  retentionSeconds: number,
): Promise<void> {
  const admin = new Admin({ clientId: 'strangler', bootstrapBrokers, retries: 3 })
  try {
    const known = new Set(await admin.listTopics())
    const missing = topics.filter(topic => !known.has(topic))
    if (missing.length === 0) return
    const retentionMs = Math.max(retentionSeconds, leastRetentionSeconds) * 1_000
    await admin.createTopics({
      topics: missing,
      partitions: 1,
      replicas: -1,
      configs: [
        { name: 'retention.ms', value: String(retentionMs) },
        { name: 'cleanup.policy', value: 'delete' },
      ],
    })
  } finally {
    await admin.close()
  }
}
