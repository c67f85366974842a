import type { PropertyTable } from '../property.ts'

/** What Kafka Connect itself reads from the configuration of a source connector. */
export const connectProperties: PropertyTable = {
  name: { type: 'string', required: true },
  'connector.class': { type: 'class', required: true },
  'connector.plugin.version': { type: 'string' },
  'tasks.max': { type: 'int', default: '1', min: 1, max: 1 },
  'tasks.max.enforce': { type: 'boolean', default: 'true' },
  'key.converter': { type: 'class' },
  'key.converter.plugin.version': { type: 'string' },
  'value.converter': { type: 'class' },
  'value.converter.plugin.version': { type: 'string' },
  'header.converter': { type: 'class' },
  'header.converter.plugin.version': { type: 'string' },
  'config.action.reload': { type: 'enum', default: 'restart', values: ['none', 'restart'] },
  transforms: { type: 'list' },
  predicates: { type: 'list' },
  'errors.retry.timeout': { type: 'long', default: '0', min: -1 },
  'errors.retry.delay.max.ms': { type: 'long', default: '60000', min: 0 },
  'errors.tolerance': { type: 'enum', default: 'none', values: ['none', 'all'] },
  'errors.log.enable': { type: 'boolean', default: 'false' },
  'errors.log.include.messages': { type: 'boolean', default: 'false' },
  'topic.creation.groups': { type: 'list' },
  'exactly.once.support': { type: 'enum', default: 'requested', values: ['requested', 'required'] },
  'transaction.boundary': { type: 'enum', default: 'poll', values: ['poll', 'interval', 'connector'] },
  'transaction.boundary.interval.ms': { type: 'long', min: 0 },
  'offsets.storage.topic': { type: 'string' },
}
