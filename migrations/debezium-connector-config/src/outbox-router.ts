import type { ConnectorConfig } from './connector-config.ts'
import type { OutboxOptions } from './connector-options.ts'
import { eventRouterClass } from './properties/transform-properties.ts'

/**
 * Debezium's outbox event router behind a predicate, so that it sees the outbox's topic and nothing else: rows of
 * another table would stop the task. An update of an outbox row is an error, not a warning: the outbox is append-only.
 */
export function outboxRouter(options: OutboxOptions, topicPrefix: string): ConnectorConfig {
  const { table, columns = {}, headers = {}, topic } = options
  const placement = Object.entries(headers).map(([column, header]) => `${column}:header:${header}`)
  return {
    predicates: 'isOutbox',
    'predicates.isOutbox.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
    'predicates.isOutbox.pattern': escapePattern(`${topicPrefix}.${table}`),
    transforms: 'outbox',
    'transforms.outbox.type': eventRouterClass,
    'transforms.outbox.predicate': 'isOutbox',
    'transforms.outbox.table.field.event.id': columns.id ?? 'id',
    'transforms.outbox.table.field.event.key': columns.aggregateId ?? 'aggregateid',
    'transforms.outbox.table.field.event.type': columns.type ?? 'type',
    'transforms.outbox.table.field.event.payload': columns.payload ?? 'payload',
    'transforms.outbox.route.by.field': columns.aggregateType ?? 'aggregatetype',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the router's own placeholder
    'transforms.outbox.route.topic.replacement': topic ?? 'outbox.event.${routedByValue}',
    'transforms.outbox.table.op.invalid.behavior': 'error',
    ...(placement.length === 0
      ? {}
      : { 'transforms.outbox.table.fields.additional.placement': placement.join(',') }),
  }
}

/** A name as a regular expression that matches it alone. */
export function escapePattern(name: string): string {
  return name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
