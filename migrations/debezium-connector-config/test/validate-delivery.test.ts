import { expect, test } from '@jest/globals'
import { findingsOf, placeholder } from './good-config.ts'

test('finds signal channels that Debezium would go on without', () => {
  expect(findingsOf({ 'signal.enabled.channels': 'sorce,jmx' })).toEqual([
    'error signal.enabled.channels → source',
  ])
  expect(findingsOf({ 'signal.enabled.channels': 'com.example.MyChannel' })).toEqual([])
  expect(findingsOf({ 'notification.enabled.channels': 'logs' })).toEqual([
    'error notification.enabled.channels → log',
  ])
})

test.each([
  [{ 'signal.enabled.channels': 'source' }, ['error signal.data.collection']],
  [{ 'signal.enabled.channels': 'kafka' }, ['error signal.kafka.bootstrap.servers']],
  [{ 'notification.enabled.channels': 'sink' }, ['error notification.sink.topic.name']],
  [{ 'signal.kafka.topic': 'signals' }, ['warning signal.kafka.topic']],
  [{ 'signal.data.collection': 'shop.a,shop.b' }, ['error signal.data.collection']],
  [{ 'signal.data.collection': 'shop\\.signals' }, ['error signal.data.collection → shop.signals']],
  [{ 'read.only': 'true' }, ['warning read.only → signal.enabled.channels=kafka']],
])('ties signal settings together: %j', (changes, findings) => {
  expect(findingsOf(changes)).toEqual(findings)
})

test('wants heartbeats, and none that never run', () => {
  expect(findingsOf({ 'heartbeat.interval.ms': undefined })).toEqual([
    'warning heartbeat.interval.ms → 10000',
  ])
  expect(
    findingsOf({ 'heartbeat.interval.ms': '0', 'heartbeat.action.query': 'UPDATE x SET y = NOW()' }),
  ).toEqual(['error heartbeat.action.query'])
})

test.each([
  ['decimal.handling.mode', 'double', 'string'],
  ['decimal.handling.mode', 'precise', 'string'],
  ['bigint.unsigned.handling.mode', undefined, 'precise'],
  ['bigint.unsigned.handling.mode', 'long', 'precise'],
  ['time.precision.mode', 'connect', 'adaptive_time_microseconds'],
  ['time.precision.mode', 'isostring', 'adaptive_time_microseconds'],
  ['event.converting.failure.handling.mode', undefined, 'fail'],
  ['event.processing.failure.handling.mode', 'skip', 'fail'],
  ['inconsistent.schema.handling.mode', 'warn', 'fail'],
  ['errors.tolerance', 'all', 'none'],
  ['tombstones.on.delete', 'false', 'true'],
  ['include.query', 'true', 'false'],
])('warns that %s=%s loses something', (name, value, suggestion) => {
  expect(findingsOf({ [name]: value })).toEqual([`warning ${name} → ${suggestion}`])
})

test('reads the operations that are skipped', () => {
  expect(findingsOf({ 'skipped.operations': 't' })).toEqual([])
  expect(findingsOf({ 'skipped.operations': 'none,t' })).toEqual(['error skipped.operations'])
  expect(findingsOf({ 'skipped.operations': 'delete' })).toEqual(['error skipped.operations'])
  expect(findingsOf({ 'skipped.operations': 'd,t' })).toEqual(['warning skipped.operations'])
})

test('wants a queue larger than a batch, with the defaults reckoned in', () => {
  expect(findingsOf({ 'max.batch.size': '8192' })).toEqual(['error max.queue.size → 32768'])
  expect(findingsOf({ 'max.queue.size': '2048' })).toEqual(['error max.queue.size → 8192'])
  expect(findingsOf({ 'max.batch.size': '8191' })).toEqual([])
})

test('wants names that topics and hosts can have', () => {
  expect(findingsOf({ 'topic.prefix': 'my shop' })).toContain('error topic.prefix → my-shop')
  expect(findingsOf({ 'database.hostname': 'jdbc:mariadb://db/shop' })).toContain('error database.hostname')
  expect(findingsOf({ 'database.hostname': '::1' })).toEqual([])
})

test('warns of secrets in plain text, and of references that read any file', () => {
  expect(findingsOf({ 'database.password': 'secret' })).toEqual([
    `warning database.password → ${placeholder('DATABASE_PASSWORD')}`,
  ])
  expect(findingsOf({ 'database.password': placeholder('/run/db:password', 'file') })).toEqual([
    expect.stringMatching(/^warning database\.password/),
  ])
  expect(findingsOf({ 'database.password': undefined })).toEqual(['warning database.password'])
})

test('warns of rows that travel in the clear, except on the same machine', () => {
  expect(findingsOf({ 'database.ssl.mode': undefined })).toEqual(['warning database.ssl.mode → verify-full'])
  expect(findingsOf({ 'database.ssl.mode': undefined }, '3.0')).toEqual([
    'warning database.ssl.mode → verify_identity',
  ])
  expect(findingsOf({ 'database.ssl.mode': 'disable', 'database.hostname': '127.0.0.1' })).toEqual([])
})
