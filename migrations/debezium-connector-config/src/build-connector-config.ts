import type { ConnectorConfig } from './connector-config.ts'
import { ConnectorConfigError } from './connector-config-error.ts'
import type { ConnectorOptions } from './connector-options.ts'
import { escapePattern, outboxRouter } from './outbox-router.ts'
import { connectorClasses, isAtLeast } from './property.ts'

const jsonConverter = 'org.apache.kafka.connect.json.JsonConverter'

/**
 * A configuration whose defaults lose nothing: exact decimals, unsigned BIGINTs, truncates and tombstones kept,
 * conversion errors stop instead of writing null, transactions marked, heartbeats on, schema history complete.
 * @returns what `PUT /connectors/<name>/config` takes
 * @throws ConnectorConfigError OPTIONS_INVALID naming every option that can't be used
 */
export function buildConnectorConfig(options: ConnectorOptions): ConnectorConfig {
  const problems = problemsOf(options)
  if (problems.length > 0) {
    throw new ConnectorConfigError('OPTIONS_INVALID', problems.join('; '), {
      details: { problems },
      hint: 'mend the options named in the message',
    })
  }
  return {
    name: options.name,
    'connector.class': connectorClasses[options.connector],
    'tasks.max': '1',
    'topic.prefix': options.topicPrefix,
    ...connection(options),
    ...capture(options),
    ...exactValues,
    ...schemaHistory(options),
    ...signals(options),
    ...topicSettings(options),
    ...(options.outbox === undefined ? {} : outboxRouter(options.outbox, options.topicPrefix)),
    ...options.extra,
  }
}

const exactValues: ConnectorConfig = {
  'decimal.handling.mode': 'string',
  'bigint.unsigned.handling.mode': 'precise',
  'time.precision.mode': 'adaptive_time_microseconds',
  'event.converting.failure.handling.mode': 'fail',
  'event.processing.failure.handling.mode': 'fail',
  'inconsistent.schema.handling.mode': 'fail',
  'skipped.operations': 'none',
  'tombstones.on.delete': 'true',
  'provide.transaction.metadata': 'true',
}

function connection({ database, connector, debezium }: ConnectorOptions): ConnectorConfig {
  return {
    'database.hostname': database.hostname,
    'database.port': String(database.port ?? 3306),
    'database.user': database.user,
    'database.password': database.password,
    'database.server.id': String(database.serverId),
    'database.ssl.mode': database.sslMode ?? sslMode(connector, debezium, database.hostname),
  }
}

function sslMode(
  connector: ConnectorOptions['connector'],
  debezium: ConnectorOptions['debezium'],
  hostname: string,
): string {
  const ownNames = connector === 'mariadb' && isAtLeast(debezium, '3.1')
  if (/^(localhost$|127\.|::1$)/.test(hostname)) return ownNames ? 'disable' : 'disabled'
  return ownNames ? 'verify-full' : 'verify_identity'
}

function capture({
  tables,
  signalTable,
  excludedOrigins,
  connector,
  snapshotMode,
}: ConnectorOptions): ConnectorConfig {
  const databases = new Set([...tables, ...(signalTable === undefined ? [] : [signalTable])].map(databaseOf))
  return {
    'database.include.list': [...databases].map(escapePattern).join(','),
    'table.include.list': tables.map(escapePattern).join(','),
    'snapshot.mode': snapshotMode ?? 'initial',
    ...(excludedOrigins === undefined || excludedOrigins.length === 0
      ? {}
      : {
          'gtid.source.excludes': excludedOrigins.map(origin => originPattern(origin, connector)).join(','),
        }),
  }
}

/** MariaDB's filter must match the whole of `domain-server`: `42` alone would let everything through. */
function originPattern(origin: string | number, connector: ConnectorOptions['connector']): string {
  return connector === 'mariadb' && /^\d+$/.test(String(origin)) ? `${origin}-.*` : String(origin)
}

function schemaHistory({ schemaHistory: history, topicPrefix }: ConnectorOptions): ConnectorConfig {
  const security = Object.entries(history.security ?? {})
  return {
    'schema.history.internal.kafka.topic': history.topic ?? `schema-history.${topicPrefix}`,
    'schema.history.internal.kafka.bootstrap.servers': history.bootstrapServers,
    // Otherwise one table of a type that Debezium can't parse, in a database of no concern, prevents the start.
    'schema.history.internal.store.only.captured.databases.ddl': 'true',
    ...Object.fromEntries(
      ['producer', 'consumer'].flatMap(side =>
        security.map(([name, value]) => [`schema.history.internal.${side}.${name}`, value]),
      ),
    ),
  }
}

function signals({ signalTable, heartbeat }: ConnectorOptions): ConnectorConfig {
  return {
    ...(signalTable === undefined
      ? {}
      : { 'signal.data.collection': signalTable, 'signal.enabled.channels': 'source' }),
    'heartbeat.interval.ms': String(heartbeat?.intervalMs ?? 10_000),
    ...(heartbeat?.actionQuery === undefined ? {} : { 'heartbeat.action.query': heartbeat.actionQuery }),
  }
}

function topicSettings({ schemas, topics }: ConnectorOptions): ConnectorConfig {
  const enabled = String(schemas ?? false)
  return {
    'key.converter': jsonConverter,
    'key.converter.schemas.enable': enabled,
    'value.converter': jsonConverter,
    'value.converter.schemas.enable': enabled,
    'topic.creation.default.partitions': String(topics?.partitions ?? 1),
    'topic.creation.default.replication.factor': String(topics?.replicationFactor ?? -1),
  }
}

function databaseOf(table: string): string {
  return table.slice(0, table.indexOf('.'))
}

function problemsOf(options: ConnectorOptions): string[] {
  const { name, topicPrefix, database, tables, signalTable, outbox, excludedOrigins, connector } = options
  const problems: string[] = []
  const check = (path: string, ok: boolean, expectation: string) => {
    if (!ok) problems.push(`${path}: ${expectation}`)
  }
  const isTable = (table: string) => /^[^.\s`]+\.[^.\s`]+$/.test(table)
  check('name', /^[^\s/]+$/.test(name), 'a name without spaces and slashes')
  check('topicPrefix', /^[A-Za-z0-9._-]+$/.test(topicPrefix), 'only A–Z a–z 0–9 . _ -')
  check('database.hostname', database.hostname.trim() !== '', 'must not be empty')
  check('database.user', database.user.trim() !== '', 'must not be empty')
  check('database.port', isIn(database.port ?? 3306, 65_535), 'a whole number from 1 to 65535')
  check('database.serverId', isIn(database.serverId, 4_294_967_295), 'a whole number from 1 to 4294967295')
  check('tables', tables.length > 0, 'at least one')
  tables.forEach((table, index) => {
    check(`tables[${index}]`, isTable(table), `${table} is not written database.table`)
  })
  if (signalTable !== undefined) check('signalTable', isTable(signalTable), 'not written database.table')
  if (outbox !== undefined) check('outbox.table', tables.includes(outbox.table), 'must be one of tables')
  check(
    'schemaHistory.bootstrapServers',
    options.schemaHistory.bootstrapServers.trim() !== '',
    'must not be empty',
  )
  const origin = connector === 'mariadb' ? /^\d+(-(\d+|\.\*))?$/ : /^[0-9a-fA-F-]{36}$/
  excludedOrigins?.forEach((value, index) => {
    const expectation =
      connector === 'mariadb' ? 'a domain (42) or domain-server (42-4242)' : 'the UUID of a server'
    check(`excludedOrigins[${index}]`, origin.test(String(value)), expectation)
  })
  return problems
}

function isIn(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max
}
