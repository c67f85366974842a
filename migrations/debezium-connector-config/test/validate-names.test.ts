import { expect, test } from '@jest/globals'
import { debeziumVersions } from '../src/property.ts'
import { validateConnectorConfig } from '../src/validate-connector-config.ts'
import { configWith, findingsOf, goodOptions } from './good-config.ts'

test.each(
  debeziumVersions.flatMap(debezium =>
    (['mysql', 'mariadb'] as const).map(connector => [debezium, connector] as const),
  ),
)('finds nothing in what the builder makes for Debezium %s, %s', (debezium, connector) => {
  const config = configWith({}, { debezium, connector })
  expect(validateConnectorConfig(config, { debezium })).toEqual([])
})

test.each([
  ['database.pasword', 'database.password'],
  ['snapshot.mod', 'snapshot.mode'],
  ['table.includ.list', 'table.include.list'],
  ['hearbeat.interval.ms', 'heartbeat.interval.ms'],
  ['schema.history.internal.kafka.topics', 'schema.history.internal.kafka.topic'],
  ['decimal.handling.mdoe', 'decimal.handling.mode'],
  ['Topic.Prefix', 'topic.prefix'],
  ['task.max', 'tasks.max'],
  ['schema.history.internal.producr.sasl.mechanism', 'schema.history.internal.producer.sasl.mechanism'],
])('takes %s for a slip of %s', (typo, meant) => {
  expect(findingsOf({ [typo]: '1' })).toEqual([`error ${typo} → ${meant}`])
})

test.each([
  ['database.server.name', 'topic.prefix'],
  ['database.history', 'schema.history.internal'],
  ['database.history.kafka.topic', 'schema.history.internal.kafka.topic'],
  ['database.history.producer.sasl.mechanism', 'schema.history.internal.producer.sasl.mechanism'],
  ['table.whitelist', 'table.include.list'],
  ['sanitize.field.names', 'field.name.adjustment.mode'],
])('gives %s its new name, %s', (old, now) => {
  expect(findingsOf({ [old]: 'x' })).toEqual([`error ${old} → ${now}`])
})

test('says that a removed name has no successor', () => {
  expect(findingsOf({ 'connector.adapter': 'mariadb', 'snapshot.new.tables': 'parallel' })).toEqual([
    'error connector.adapter',
    'error snapshot.new.tables',
  ])
})

test('warns of an old name that is still read', () => {
  expect(findingsOf({ 'event.deserialization.failure.handling.mode': 'fail' })).toEqual([
    'warning event.deserialization.failure.handling.mode → event.processing.failure.handling.mode',
  ])
  const internal = { 'internal.legacy.snapshot.max.threads': 'true' }
  expect(findingsOf(internal, '3.5')).toEqual([])
  expect(findingsOf(internal, '3.6')).toEqual([
    'warning internal.legacy.snapshot.max.threads → legacy.snapshot.max.threads',
  ])
})

test('knows from which release on a name exists', () => {
  const changes = { 'binlog.net.read.timeout': '5' }
  expect(findingsOf(changes, '3.5')).toEqual([])
  const [finding] = validateConnectorConfig(configWith(changes), { debezium: '3.4' })
  expect(finding?.message).toBe('exists since Debezium 3.5; Debezium 3.4 for mariadb ignores it silently')
})

test("tells MySQL's own properties from MariaDB's", () => {
  const changes = { 'database.protocol': 'jdbc:mysql' }
  expect(findingsOf(changes)).toEqual(['error database.protocol'])
  expect(findingsOf(changes, '3.5', { connector: 'mysql' })).toEqual([])
})

test('points options of the JDBC driver to their prefix', () => {
  expect(findingsOf({ 'database.allowPublicKeyRetrieval': 'true' })).toEqual([
    'error database.allowPublicKeyRetrieval → driver.allowPublicKeyRetrieval',
  ])
})

test('lets pass what another program reads', () => {
  expect(
    findingsOf({
      'driver.connectTimeout': '5000',
      'producer.override.compression.type': 'zstd',
      'key.converter.replace.null.with.default': 'false',
      'topic.creation.groups': 'rows',
      'topic.creation.rows.include': 'shop\\.shop\\..*',
      'topic.creation.rows.cleanup.policy': 'compact',
      'column.truncate.to.20.chars': 'shop.orders.note',
      'column.mask.hash.v2.SHA-256.with.salt.pepper': 'shop.orders.email',
      converters: 'flag',
      'flag.type': 'io.debezium.connector.binlog.converters.TinyIntOneToBooleanConverter',
      'flag.selector': '.*',
      'post.processors': 'again',
      'again.type': 'io.debezium.processors.reselect.ReselectColumnsPostProcessor',
    }),
  ).toEqual([])
})

test('warns of names that resemble nothing', () => {
  expect(findingsOf({ owner: 'team-shop', 'internal.some.switch': '1' })).toEqual([
    'warning internal.some.switch',
    'warning owner',
  ])
})

test('survives names that objects inherit', () => {
  expect(findingsOf({ constructor: 'x', toString: 'y', hasOwnProperty: 'z' })).toEqual([
    'warning constructor',
    'warning hasOwnProperty',
    'warning toString',
  ])
})

test('names the class that was probably meant, and checks nothing without one', () => {
  const config = configWith({ 'connector.class': 'io.debezium.connector.mariadb.MariaDBConnector' })
  expect(validateConnectorConfig(config, { debezium: '3.5' })).toEqual([
    expect.objectContaining({
      property: 'connector.class',
      suggestion: 'io.debezium.connector.mariadb.MariaDbConnector',
    }),
  ])
  expect(validateConnectorConfig({}, { debezium: '3.5' })).toHaveLength(1)
})

test('refuses a release that it has no table for', () => {
  expect(() => validateConnectorConfig(configWith({}), { debezium: '1.9' })).toThrow(
    'no property table for Debezium 1.9',
  )
  expect(validateConnectorConfig(configWith({}), { debezium: '3.5.0.Final' })).toEqual([])
  expect(goodOptions.debezium).toBe('3.5')
})

test('reads numbers and booleans as their text, and refuses what has none', () => {
  const config = { ...configWith({}), 'tasks.max': 1, 'connect.keep.alive': true }
  expect(validateConnectorConfig(config, { debezium: '3.5' })).toEqual([])
  const odd = { ...config, 'table.include.list': ['shop.a', 'shop.b'], 'database.port': null }
  expect(validateConnectorConfig(odd, { debezium: '3.5' }).map(({ message }) => message)).toEqual([
    'the value is null; Kafka Connect takes strings',
    'the value is an array; Kafka Connect takes strings',
  ])
})
