import { expect, test } from '@jest/globals'
import { buildConnectorConfig } from '../src/build-connector-config.ts'
import type { ConnectorOptions } from '../src/connector-options.ts'
import { goodOptions, placeholder } from './good-config.ts'

test('builds a MariaDB connector that loses nothing', () => {
  expect(
    buildConnectorConfig({
      ...goodOptions,
      excludedOrigins: [42, '43-4343'],
      signalTable: 'strangler.signals',
      heartbeat: { intervalMs: 5000, actionQuery: 'UPDATE strangler.beat SET at = NOW()' },
      topics: { partitions: 6, replicationFactor: 3 },
    }),
  ).toEqual({
    name: 'shop-source',
    'connector.class': 'io.debezium.connector.mariadb.MariaDbConnector',
    'tasks.max': '1',
    'topic.prefix': 'shop',
    'database.hostname': 'db.internal',
    'database.port': '3306',
    'database.user': 'debezium',
    'database.password': placeholder('DB_PASSWORD'),
    'database.server.id': '5401',
    'database.ssl.mode': 'verify-full',
    'database.include.list': 'shop,strangler',
    'table.include.list': 'shop\\.orders,shop\\.order_lines',
    'snapshot.mode': 'initial',
    'gtid.source.excludes': '42-.*,43-4343',
    'decimal.handling.mode': 'string',
    'bigint.unsigned.handling.mode': 'precise',
    'time.precision.mode': 'adaptive_time_microseconds',
    'event.converting.failure.handling.mode': 'fail',
    'event.processing.failure.handling.mode': 'fail',
    'inconsistent.schema.handling.mode': 'fail',
    'skipped.operations': 'none',
    'tombstones.on.delete': 'true',
    'provide.transaction.metadata': 'true',
    'schema.history.internal.kafka.topic': 'schema-history.shop',
    'schema.history.internal.kafka.bootstrap.servers': 'kafka:9092',
    'schema.history.internal.store.only.captured.databases.ddl': 'true',
    'signal.data.collection': 'strangler.signals',
    'signal.enabled.channels': 'source',
    'heartbeat.interval.ms': '5000',
    'heartbeat.action.query': 'UPDATE strangler.beat SET at = NOW()',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'topic.creation.default.partitions': '6',
    'topic.creation.default.replication.factor': '3',
  })
})

test('guards the outbox router with the topic of its table', () => {
  const config = buildConnectorConfig({
    ...goodOptions,
    connector: 'mysql',
    tables: ['shop.orders', 'shop.outbox'],
    outbox: {
      table: 'shop.outbox',
      columns: { aggregateId: 'aggregate_id', aggregateType: 'aggregate_type' },
      headers: { trace_parent: 'traceparent' },
      topic: 'shop.events',
    },
  })
  const ofRouter = Object.entries(config).filter(([name]) => /^(transforms|predicates)/.test(name))
  expect(Object.fromEntries(ofRouter)).toEqual({
    predicates: 'isOutbox',
    'predicates.isOutbox.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
    'predicates.isOutbox.pattern': 'shop\\.shop\\.outbox',
    transforms: 'outbox',
    'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
    'transforms.outbox.predicate': 'isOutbox',
    'transforms.outbox.table.field.event.id': 'id',
    'transforms.outbox.table.field.event.key': 'aggregate_id',
    'transforms.outbox.table.field.event.type': 'type',
    'transforms.outbox.table.field.event.payload': 'payload',
    'transforms.outbox.route.by.field': 'aggregate_type',
    'transforms.outbox.route.topic.replacement': 'shop.events',
    'transforms.outbox.table.op.invalid.behavior': 'error',
    'transforms.outbox.table.fields.additional.placement': 'trace_parent:header:traceparent',
  })
})

test('gives the security of the history to its producer and its consumer', () => {
  const config = buildConnectorConfig({
    ...goodOptions,
    schemaHistory: {
      bootstrapServers: 'kafka:9093',
      topic: 'history',
      security: { 'security.protocol': 'SSL' },
    },
  })
  expect(config['schema.history.internal.kafka.topic']).toBe('history')
  expect(config['schema.history.internal.producer.security.protocol']).toBe('SSL')
  expect(config['schema.history.internal.consumer.security.protocol']).toBe('SSL')
})

test('escapes what means something in a pattern, and lets extra properties win', () => {
  const config = buildConnectorConfig({
    ...goodOptions,
    tables: ['shop.order$lines'],
    extra: { 'poll.interval.ms': '10', 'snapshot.mode': 'no_data' },
  })
  expect(config['table.include.list']).toBe('shop\\.order\\$lines')
  expect(config['poll.interval.ms']).toBe('10')
  expect(config['snapshot.mode']).toBe('no_data')
})

test("takes each connector's and release's own name for unencrypted loopback", () => {
  const modeOf = (options: Partial<ConnectorOptions>) =>
    buildConnectorConfig({
      ...goodOptions,
      ...options,
      database: { ...goodOptions.database, hostname: '127.0.0.1' },
    })['database.ssl.mode']
  expect(modeOf({})).toBe('disable')
  expect(modeOf({ debezium: '3.0' })).toBe('disabled')
  expect(modeOf({ connector: 'mysql' })).toBe('disabled')
})

test('names every option that it can not use, and no secret', () => {
  const build = () =>
    buildConnectorConfig({
      ...goodOptions,
      name: 'a b',
      topicPrefix: 'my shop',
      database: { hostname: ' ', user: '', password: 'hunter2', serverId: 4_294_967_296, port: 0 },
      tables: ['orders'],
      excludedOrigins: ['42-0-1'],
      signalTable: 'signals',
      outbox: { table: 'shop.outbox' },
      schemaHistory: { bootstrapServers: '' },
    })
  expect(build).toThrow(
    expect.objectContaining({
      code: 'OPTIONS_INVALID',
      details: {
        problems: [
          'name: a name without spaces and slashes',
          'topicPrefix: only A–Z a–z 0–9 . _ -',
          'database.hostname: must not be empty',
          'database.user: must not be empty',
          'database.port: a whole number from 1 to 65535',
          'database.serverId: a whole number from 1 to 4294967295',
          'tables[0]: orders is not written database.table',
          'signalTable: not written database.table',
          'outbox.table: must be one of tables',
          'schemaHistory.bootstrapServers: must not be empty',
          'excludedOrigins[0]: a domain (42) or domain-server (42-4242)',
        ],
      },
    }),
  )
  expect(build).not.toThrow('hunter2')
})
