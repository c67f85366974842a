import type { Connector, DebeziumVersion } from './property.ts'

/** What a connector is built from. Names of tables are plain `database.table`, never patterns. */
export type ConnectorOptions = {
  name: string
  connector: Connector
  debezium: DebeziumVersion
  /** Begins the name of every topic. Never change it: the offsets hang on it. */
  topicPrefix: string
  database: {
    hostname: string
    port?: number
    user: string
    /** Better a reference that the worker resolves, such as `${env:DB_PASSWORD}`. */
    password: string
    /** Unique among all replicas and readers of the server. */
    serverId: number
    /** Default: the strictest mode of the connector; on a loopback address none. */
    sslMode?: string
  }
  tables: readonly string[]
  /**
   * Changes written by these origins are left out, so that an applier's own writes don't come back.
   * MariaDB: `42` (the whole domain) or `42-4242` (domain-server). MySQL: the UUID of a server.
   */
  excludedOrigins?: readonly (string | number)[]
  schemaHistory: {
    bootstrapServers: string
    /** Default `schema-history.<topicPrefix>`. One partition, never compacted, kept for ever. */
    topic?: string
    /** Kafka client settings (`security.protocol`, `sasl.…`), given to the history's producer and consumer alike. */
    security?: Readonly<Record<string, string>>
  }
  /** The table that takes ad-hoc signals: `database.table`. */
  signalTable?: string
  heartbeat?: { intervalMs?: number; actionQuery?: string }
  snapshotMode?: string
  /** The outbox among `tables`, whose rows become events. */
  outbox?: OutboxOptions
  topics?: { partitions?: number; replicationFactor?: number }
  /** JSON with its schema in every message; default without. */
  schemas?: boolean
  /** Any other property; wins over everything above. */
  extra?: Readonly<Record<string, string>>
}

export type OutboxOptions = {
  table: string
  columns?: { id?: string; aggregateId?: string; aggregateType?: string; type?: string; payload?: string }
  /** Columns that travel as headers: column → header. */
  headers?: Readonly<Record<string, string>>
  /** The topic of an event; `${routedByValue}` is its aggregate type. Default `outbox.event.${routedByValue}`. */
  topic?: string
}
