import type { PropertyTable } from '../property.ts'

/** The topic that keeps the tables' DDL, without which a restart can't read the binlog. */
export const schemaHistoryProperties: PropertyTable = {
  'schema.history.internal': {
    type: 'class',
    default: 'io.debezium.storage.kafka.history.KafkaSchemaHistory',
  },
  'schema.history.internal.file.filename': { type: 'string' },
  'schema.history.internal.kafka.bootstrap.servers': { type: 'string' },
  'schema.history.internal.kafka.buffer.batch.size': { type: 'int', default: '1024', min: 0, since: '3.6' },
  'schema.history.internal.kafka.create.timeout.ms': { type: 'long', default: '30000', min: 0 },
  'schema.history.internal.kafka.query.timeout.ms': { type: 'long', default: '3000', min: 0 },
  'schema.history.internal.kafka.recovery.attempts': { type: 'int', default: '100', min: 0 },
  'schema.history.internal.kafka.recovery.poll.interval.ms': { type: 'int', default: '100', min: 0 },
  'schema.history.internal.kafka.topic': { type: 'string' },
  'schema.history.internal.name': { type: 'string' },
  'schema.history.internal.prefer.ddl': { type: 'boolean', default: 'false' },
  'schema.history.internal.skip.unparseable.ddl': { type: 'boolean', default: 'false' },
  // No default here: true up to 3.0, false since.
  'schema.history.internal.store.only.captured.databases.ddl': { type: 'boolean' },
  'schema.history.internal.store.only.captured.tables.ddl': { type: 'boolean', default: 'false' },
}
