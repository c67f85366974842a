import { once } from 'node:events'
import { Producer } from '@platformatic/kafka'
import { readEnv } from '@strangler/kit/read-env.ts'
import { describeFailure } from '@strangler/kit/run-main.ts'
import { z } from 'zod'
import { createBinlogSource } from './cdc/binlog-source.ts'
import { jsonRowEncoder } from './cdc/debezium-encoder.ts'
import { type DebeziumRecord, debeziumRecords, type RecordTables } from './cdc/debezium-records.ts'
import { replicaId } from './cdc/replica-id.ts'
import { readServerPosition } from './cdc/signal-table.ts'
import { connectToolkit, type Database } from './data/database.ts'
import { requireTableShape } from './data/table-shape.ts'

/**
 * The embedded source by itself: changes of some tables in Debezium's messages, on stdout (a line of JSON each) or in Kafka.
 * `{"position":…}` lines on stderr tell where to go on: FROM at the next start. Each message comes at least once.
 */
const environment = z.object({
  DATABASE_URL: z.url({ protocol: /^mysql$/ }),
  TABLES: z
    .string()
    .transform(text => text.split(',').map(name => name.trim()))
    .pipe(z.array(z.string().regex(/^[\w$]+\.[\w$]+$/, 'schema.table, or several with commas')).min(1)),
  NAME: z
    .string()
    .regex(/^[\w.-]+$/)
    .default('strangler'),
  FROM: z.string().optional(),
  KAFKA: z.string().optional(),
})

const leaving = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => leaving.abort())
try {
  await follow(readEnv(environment, process.env))
} catch (error) {
  process.stderr.write(describeFailure(error))
  process.exitCode = 1
}

async function follow({ DATABASE_URL: url, TABLES, NAME, FROM, KAFKA }: z.infer<typeof environment>) {
  const database: Database = { name: 'source', toolkitUrl: url, applierUrl: url, controlSchema: '' }
  const tables: RecordTables = new Map()
  const captured = new Map<string, Map<string, readonly string[]>>()
  const connection = await connectToolkit(database)
  for (const name of TABLES) {
    const [schema, table] = name.split('.') as [string, string]
    const shape = await requireTableShape(connection, schema, table)
    const columns = shape.columns.map(column => column.name)
    ;(tables as Map<string, unknown>).set(name, {
      key: shape.primaryKey,
      encode: jsonRowEncoder(shape, columns),
    })
    captured.set(schema, (captured.get(schema) ?? new Map()).set(table, columns))
  }
  const from = FROM ?? (await readServerPosition(connection))
  await connection.end()
  const records = debeziumRecords(NAME, tables, Date.now)
  const source = createBinlogSource({ database, captured, serverId: replicaId(`cdc-main ${NAME}`) })
  const send = KAFKA === undefined ? writeLines : sender(KAFKA.split(','))
  for await (const transaction of source.read(from, leaving.signal)) {
    await send(records(transaction))
    if (transaction.complete) process.stderr.write(`${JSON.stringify({ position: transaction.position })}\n`)
  }
}

async function writeLines(records: readonly DebeziumRecord[]): Promise<void> {
  const text = records.map(record => `${JSON.stringify(record)}\n`).join('')
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

function sender(bootstrapBrokers: string[]): (records: readonly DebeziumRecord[]) => Promise<void> {
  const producer = new Producer({ clientId: 'strangler-cdc', bootstrapBrokers, autocreateTopics: true })
  return async records => {
    const messages = records.map(({ topic, key, value, headers }) => ({
      topic,
      ...(key === null ? {} : { key: Buffer.from(key) }),
      ...(value === null ? {} : { value: Buffer.from(value) }),
      headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    }))
    await producer.send({ messages, acks: -1 })
  }
}
