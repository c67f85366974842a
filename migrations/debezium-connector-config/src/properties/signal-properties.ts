import type { PropertyTable } from '../property.ts'

/** Signals, notifications and incremental snapshots. */
export const signalProperties: PropertyTable = {
  'incremental.snapshot.allow.schema.changes': { type: 'boolean', default: 'false' },
  'incremental.snapshot.chunk.size': { type: 'int', default: '1024', min: 1 },
  'incremental.snapshot.watermarking.strategy': {
    type: 'enum',
    default: 'INSERT_INSERT',
    values: ['INSERT_INSERT', 'INSERT_DELETE'],
  },
  'notification.enabled.channels': { type: 'list' },
  'notification.sink.topic.name': { type: 'string' },
  'read.only': { type: 'boolean', default: 'false' },
  'signal.data.collection': { type: 'list' },
  'signal.enabled.channels': { type: 'list', default: 'source' },
  'signal.file': { type: 'string', default: 'file-signals.txt' },
  'signal.kafka.bootstrap.servers': { type: 'string' },
  'signal.kafka.groupId': { type: 'string', default: 'kafka-signal' },
  'signal.kafka.poll.timeout.ms': { type: 'int', default: '100', min: 0 },
  'signal.kafka.topic': { type: 'string' },
  'signal.poll.interval.ms': { type: 'long', default: '5000', min: 1 },
}
