import { randomUUID } from 'node:crypto'
import { Consumer } from '@platformatic/kafka'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { connectToolkit, type Database, origin } from '../data/database.ts'
import { requireTableShape } from '../data/table-shape.ts'
import type { Transaction } from './change.ts'
import type { CapturedColumns, ChangeSource } from './change-source.ts'
import { transactionsTopic } from './connector-delivery.ts'
import { jsonRowDecoder, needsBigIntegers } from './debezium-decoder.ts'
import { type CapturedTopic, mergeTransactions } from './debezium-transactions.ts'
import { openTopic, type TopicReader } from './topic-reader.ts'

export type DebeziumSourceOptions = {
  bootstrapServers: readonly string[]
  /** The connector's `topic.prefix`. */
  topicPrefix: string
  /** Whose tables the connector captures: asked for their columns' types. */
  database: Database
  captured: CapturedColumns
  /** A place from which on everything after that position is to be had, where one is known. */
  cursorOf?(from: string): string | undefined
}

const earliest = -2n
const latest = -1n

/**
 * Reads what Debezium has sent to Kafka. The connector must mark transactions (`provide.transaction.metadata`) and must
 * leave out no origin: positions of the applier's own transactions count too, only their rows are dropped here.
 *
 * Each reader is a group of its own and commits no offsets: they are the checkpoint's, so a rebalance has nobody to give
 * a partition to, and of two appliers the checkpoint refuses one.
 */
export function createDebeziumSource(options: DebeziumSourceOptions): ChangeSource {
  return {
    read: (from, signal, cursor) => readTopics(options, from, signal, cursor ?? options.cursorOf?.(from)),
  }
}

async function* readTopics(
  options: DebeziumSourceOptions,
  from: string,
  signal: AbortSignal,
  cursor: string | undefined,
): AsyncIterable<Transaction> {
  if (signal.aborted) return
  const tables = await capturedTopics(options)
  const consumer = new Consumer({
    clientId: 'strangler',
    groupId: `strangler-${randomUUID()}`,
    bootstrapBrokers: [...options.bootstrapServers],
    autocreateTopics: true,
    retries: 3,
  })
  consumer.on('error', () => {})
  const readers: TopicReader[] = []
  const end = () => {
    for (const reader of readers) reader.close()
  }
  signal.addEventListener('abort', end, { once: true })
  try {
    const transactions = transactionsTopic(options.topicPrefix)
    const topics = [transactions, ...tables.keys()]
    // joined once for all of them: each topic by itself would join its group anew
    consumer.topics.trackAll(...topics)
    await consumer.joinGroup({})
    const offsets = await beginAt(consumer, topics, cursor)
    if (offsets.get(transactions)!.length > 1)
      throw new ToolkitError('SOURCE_UNORDERED', `topic ${transactions} has more than one partition`, {
        hint: 'transactions are ordered only within a partition: create that topic with one',
      })
    const open = async (topic: string) => {
      const reader = await openTopic(consumer, topic, offsets.get(topic)!)
      readers.push(reader)
      return reader
    }
    const captured = new Map<string, CapturedTopic>()
    for (const [topic, table] of tables)
      captured.set(table.collection, { ...table, reader: await open(topic) })
    yield* mergeTransactions({
      from,
      ignoredDomain: origin.domain,
      transactions: await open(transactions),
      captured,
      ends: topics => consumer.listOffsets({ topics, timestamp: latest, isolationLevel: 1 }),
      signal,
    })
  } catch (error) {
    if (signal.aborted) return
    if (isToolkitError(error)) throw error
    throw new ToolkitError('SOURCE_LOST', `Kafka broke off: ${messageOf(error)}`, { cause: error })
  } finally {
    signal.removeEventListener('abort', end)
    end()
    await consumer.close(true).catch(() => {})
  }
}

async function capturedTopics(
  options: DebeziumSourceOptions,
): Promise<Map<string, Omit<CapturedTopic, 'reader'>>> {
  const connection = await connectToolkit(options.database)
  try {
    const topics = new Map<string, Omit<CapturedTopic, 'reader'>>()
    for (const [schema, tables] of options.captured)
      for (const [table, columns] of tables) {
        const shape = await requireTableShape(connection, schema, table)
        const collection = `${schema}.${table}`
        topics.set(`${options.topicPrefix}.${collection}`, {
          collection,
          decode: jsonRowDecoder(shape, columns),
          exact: needsBigIntegers(shape),
        })
      }
    return topics
  } finally {
    await connection.end()
  }
}

/**
 * The cursor's offsets; without one the oldest that Kafka has, since what is older than `from` is passed over.
 * @throws ToolkitError SOURCE_POSITION_PURGED where Kafka no longer has what comes next
 */
async function beginAt(
  consumer: Consumer,
  topics: string[],
  cursor: string | undefined,
): Promise<Map<string, bigint[]>> {
  const oldest = await consumer.listOffsets({ topics, timestamp: earliest })
  if (cursor === undefined) return oldest
  const stored = JSON.parse(cursor) as Record<string, string[]>
  const offsets = new Map<string, bigint[]>()
  for (const [topic, partitions] of oldest)
    offsets.set(
      topic,
      partitions.map((first, partition) => {
        const text = stored[topic]?.[partition]
        if (text === undefined) return first
        if (BigInt(text) < first)
          throw new ToolkitError(
            'SOURCE_POSITION_PURGED',
            `Kafka no longer has ${topic}/${partition} from offset ${text} on: its oldest is ${first}`,
            { hint: 'copy the tables anew; keep the topics longer (retention.ms)' },
          )
        return BigInt(text)
      }),
    )
  return offsets
}
