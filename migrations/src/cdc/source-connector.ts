import { buildConnectorConfig } from 'debezium-connector-config/build-connector-config.ts'
import type { ConnectorConfig } from 'debezium-connector-config/connector-config.ts'
import { connectionOptions, type Database, schemaOf } from '../data/database.ts'
import type { Side } from '../journal/capability-state.ts'
import type { Plan } from '../plan/plan.ts'
import { replicaId } from './replica-id.ts'
import { signalTable } from './signal-table.ts'

/** The connector that sends the changes of one side of a capability to Kafka. */
export type SourceConnector = {
  name: string
  topicPrefix: string
  /** `schema.table` of the plan's tables on that side, and of the toolkit's signals there. */
  tables: readonly string[]
  config: ConnectorConfig
}

/** Where a worker finds the password of that database's toolkit account: it is never written into a configuration. */
export function passwordVariable(databaseName: string): string {
  return `STRANGLER_DB_${databaseName.toUpperCase().replaceAll('-', '_')}_PASSWORD`
}

/**
 * Both connectors of a capability exist side by side, whoever owns the writes: names and topics tell the side. No origin
 * is left out, since the position of an applier's own transactions counts too.
 * Schemas are read without a global lock: it would stall every writer of the server. What a statement changes meanwhile
 * stops the sync, as at any other time.
 */
export function sourceConnector(
  plan: Pick<Plan, 'capability' | 'tables'>,
  side: Side,
  database: Database,
  bootstrapServers: string,
): SourceConnector {
  const { host, port, user } = connectionOptions(database.toolkitUrl)
  const name = `strangler-${plan.capability}-${side}`
  const topicPrefix = `strangler.${plan.capability}.${side}`
  const tables = [
    ...new Set(plan.tables.map(mapping => `${schemaOf(database)}.${mapping[side].table}`)),
    `${database.controlSchema}.${signalTable}`,
  ]
  const config = buildConnectorConfig({
    name,
    connector: 'mariadb',
    debezium: '3.5',
    topicPrefix,
    database: {
      hostname: host,
      port,
      user,
      password: `\${env:${passwordVariable(database.name)}}`,
      serverId: replicaId(name),
      sslMode: 'disable',
    },
    tables,
    snapshotMode: 'no_data',
    schemaHistory: { bootstrapServers },
    extra: { 'snapshot.locking.mode': 'none', 'poll.interval.ms': '10' },
  })
  return { name, topicPrefix, tables, config }
}
