import { expect, test } from '@jest/globals'
import { validateConnectorConfig } from '../src/validate-connector-config.ts'
import { configWith, findingsOf, placeholder } from './good-config.ts'

test.each([
  ['database.server.id', '4294967296', 'error database.server.id'],
  ['database.server.id', '0', 'error database.server.id'],
  ['database.server.id', 'one', 'error database.server.id'],
  ['tasks.max', '2', 'error tasks.max → 1'],
  ['database.port', '65536', 'error database.port'],
  ['max.batch.size', '99999999999', 'error max.batch.size'],
  ['poll.interval.ms', '1.5', 'error poll.interval.ms'],
  ['connect.keep.alive', 'yes', 'error connect.keep.alive'],
  ['schema.history.internal', 'not a class', 'error schema.history.internal'],
  ['table.exclude.list', 'shop.(', 'error table.exclude.list'],
  ['snapshot.locking.mode', 'minimal_percona', 'error snapshot.locking.mode'],
  ['column.mask.hash.SHA256.with.salt.x', 'a.b.c', 'error column.mask.hash.SHA256.with.salt.x → SHA-256'],
])('refuses %s=%s', (name, value, finding) => {
  const changes =
    name === 'table.exclude.list' ? { 'table.include.list': undefined, [name]: value } : { [name]: value }
  expect(findingsOf(changes)).toContain(finding)
})

test.each([
  ['database.server.id', '4294967295'],
  ['database.server.id', placeholder('SERVER_ID')],
  ['errors.max.retries', '-1'],
  ['max.queue.size.in.bytes', '5000000000'],
  ['decimal.handling.mode', 'STRING'],
  ['table.include.list', 'shop\\.(orders|lines)'],
  ['table.include.list', 'shop\\.\\Qa.b\\E,shop\\.c++'],
])('accepts %s=%s', (name, value) => {
  expect(findingsOf({ [name]: value })).toEqual([])
})

test('names all choices and the nearest', () => {
  const [finding] = validateConnectorConfig(configWith({ 'decimal.handling.mode': 'strng' }), {
    debezium: '3.5',
  })
  expect(finding).toEqual({
    severity: 'error',
    property: 'decimal.handling.mode',
    message: '"strng" is not one of precise, string or double',
    suggestion: 'string',
  })
})

test('knows since when a choice exists and when it went', () => {
  const iso = configWith({ 'time.precision.mode': 'microseconds' })
  expect(validateConnectorConfig(iso, { debezium: '3.1' })).toEqual([])
  expect(
    validateConnectorConfig(configWith({ 'time.precision.mode': 'microseconds' }, { debezium: '2.7' }), {
      debezium: '3.0',
    }).map(({ message }) => message),
  ).toEqual(['"microseconds" is not one of adaptive_time_microseconds or connect; it exists since 3.1'])
  expect(findingsOf({ 'snapshot.mode': 'schema_only' }, '3.2')).toEqual(['warning snapshot.mode → no_data'])
  expect(findingsOf({ 'snapshot.mode': 'schema_only' }, '3.3')).toEqual(['error snapshot.mode → no_data'])
  expect(findingsOf({ 'time.precision.mode': 'adaptive' })).toEqual([
    'error time.precision.mode → adaptive_time_microseconds',
  ])
})

test("tells MySQL's names of the TLS modes from MariaDB's, and when MariaDB's changed", () => {
  expect(findingsOf({ 'database.ssl.mode': 'verify_identity' })).toEqual(['error database.ssl.mode'])
  expect(findingsOf({ 'database.ssl.mode': 'verify_identity' }, '3.0')).toEqual([])
  expect(findingsOf({ 'database.ssl.mode': 'verify-full' }, '3.5', { connector: 'mysql' })).toHaveLength(1)
})

test.each([
  'connector.class',
  'name',
  'topic.prefix',
  'database.hostname',
  'database.user',
  'database.server.id',
])('misses %s', name => {
  expect(findingsOf({ [name]: undefined })).toContain(`error ${name}`)
  expect(findingsOf({ [name]: '  ' })).toContain(`error ${name}`)
})

test('never repeats a secret', () => {
  const config = configWith({
    'database.password': 'hunter2-secret',
    'database.pasword': 'hunter2-secret',
    'database.ssl.keystore.password': 'hunter2-secret',
    'schema.history.internal.producer.sasl.jaas.config': 'hunter2-secret',
  })
  const findings = validateConnectorConfig(config, { debezium: '3.5' })
  expect(findings.length).toBeGreaterThan(3)
  expect(JSON.stringify(findings)).not.toContain('hunter2')
})
