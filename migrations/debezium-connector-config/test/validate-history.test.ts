import { expect, test } from '@jest/globals'
import { findingsOf } from './good-config.ts'

const history = 'schema.history.internal'

test('misses topic and brokers of the schema history, which Debezium itself does not check', () => {
  expect(
    findingsOf({ [`${history}.kafka.topic`]: undefined, [`${history}.kafka.bootstrap.servers`]: '' }),
  ).toEqual([`error ${history}.kafka.bootstrap.servers`, `error ${history}.kafka.topic`])
})

test('keeps the history apart from the topic of schema changes', () => {
  expect(findingsOf({ [`${history}.kafka.topic`]: 'shop' })).toEqual([
    `error ${history}.kafka.topic → schema-history.shop`,
  ])
})

test('wants every broker with its port', () => {
  expect(findingsOf({ [`${history}.kafka.bootstrap.servers`]: 'a:9092, SSL://b:9093, [::1]:9092' })).toEqual(
    [],
  )
  expect(findingsOf({ [`${history}.kafka.bootstrap.servers`]: 'a:9092,b' })).toEqual([
    `error ${history}.kafka.bootstrap.servers`,
  ])
})

test('wants the security settings for reading and for writing the history', () => {
  expect(
    findingsOf({
      [`${history}.producer.security.protocol`]: 'SASL_SSL',
      [`${history}.consumer.security.protocol`]: 'SASL_SSL',
      [`${history}.producer.sasl.mechanism`]: 'PLAIN',
    }),
  ).toEqual([`error ${history}.consumer.sasl.mechanism`])
})

test('refuses a history in memory, and warns of one in a file', () => {
  const needless = {
    [`${history}.kafka.topic`]: undefined,
    [`${history}.kafka.bootstrap.servers`]: undefined,
  }
  const kafka = 'io.debezium.storage.kafka.history.KafkaSchemaHistory'
  expect(
    findingsOf({ ...needless, [history]: 'io.debezium.relational.history.MemorySchemaHistory' }),
  ).toEqual([`error ${history} → ${kafka}`])
  expect(
    findingsOf({ ...needless, [history]: 'io.debezium.storage.file.history.FileSchemaHistory' }),
  ).toEqual([`warning ${history} → ${kafka}`])
})

test('warns of skipping statements that were not understood', () => {
  expect(findingsOf({ [`${history}.skip.unparseable.ddl`]: 'true' })).toEqual([
    `warning ${history}.skip.unparseable.ddl → false`,
  ])
})
