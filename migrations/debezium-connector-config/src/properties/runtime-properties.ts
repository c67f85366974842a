import type { PropertyTable } from '../property.ts'

/** Queues, retries, pacing, metrics. */
export const runtimeProperties: PropertyTable = {
  'custom.metric.tags': { type: 'list' },
  'custom.sanitize.pattern': { type: 'string', since: '3.4' },
  'errors.max.retries': { type: 'int', default: '-1', min: -1 },
  'executor.shutdown.timeout.ms': { type: 'long', default: '4000', min: 1, since: '3.2' },
  'internal.advanced.metrics.enable': { type: 'boolean', default: 'false', since: '3.0' },
  'internal.log.position.check.enable': { type: 'boolean', default: 'true' },
  'max.batch.size': { type: 'int', default: '2048', min: 1 },
  'max.queue.size': { type: 'int', default: '8192', min: 1 },
  'max.queue.size.in.bytes': { type: 'long', default: '0', min: 0 },
  'memory.management.schemas.class': {
    type: 'class',
    default: 'io.debezium.relational.ConcurrentMapTableMappingStorage',
    since: '3.6',
  },
  'memory.management.tables.class': {
    type: 'class',
    default: 'io.debezium.relational.ConcurrentMapTableMappingStorage',
    since: '3.6',
  },
  'openlineage.integration.config.file.path': { type: 'string', default: './openlineage.yml', since: '3.2' },
  'openlineage.integration.dataset.kafka.bootstrap.servers': { type: 'string', since: '3.3' },
  'openlineage.integration.enabled': { type: 'boolean', default: 'false', since: '3.2' },
  'openlineage.integration.job.description': {
    type: 'string',
    default: 'Debezium change data capture job',
    since: '3.2',
  },
  'openlineage.integration.job.namespace': { type: 'string', since: '3.2' },
  'openlineage.integration.job.owners': { type: 'list', since: '3.2' },
  'openlineage.integration.job.tags': { type: 'list', since: '3.2' },
  'poll.interval.ms': { type: 'long', default: '500', min: 1 },
  'queue.provider.type': { type: 'string', default: 'memory', since: '3.6' },
  'retriable.restart.connector.wait.ms': { type: 'long', default: '10000', min: 0 },
  'statistics.metrics.enabled': { type: 'boolean', default: 'true', since: '3.6' },
}
