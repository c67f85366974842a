import type { PropertyTable } from '../property.ts'

/** Options of Debezium's outbox event router, as they stand behind `transforms.<alias>.`. */
const eventRouterProperties: PropertyTable = {
  'table.field.event.id': { type: 'string', default: 'id' },
  'table.field.event.key': { type: 'string', default: 'aggregateid' },
  'table.field.event.type': { type: 'string', default: 'type' },
  'table.field.event.payload': { type: 'string', default: 'payload' },
  'table.field.event.timestamp': { type: 'string' },
  'table.field.event.schema.version': { type: 'string' },
  'table.fields.additional.placement': { type: 'list' },
  'table.fields.additional.error.on.missing': { type: 'boolean', default: 'true', until: '3.5' },
  'table.field.additional.missing': {
    type: 'enum',
    default: 'error',
    values: ['error', 'ignore'],
    since: '3.6',
  },
  'table.expand.json.payload': { type: 'boolean', default: 'false' },
  'table.json.payload.null.behavior': {
    type: 'enum',
    default: 'ignore',
    values: ['ignore', 'optional_bytes'],
  },
  'table.op.invalid.behavior': { type: 'enum', default: 'warn', values: ['warn', 'error', 'fatal'] },
  'route.by.field': { type: 'string', default: 'aggregatetype' },
  'route.topic.regex': { type: 'string', default: '(?<routedByValue>.*)' },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Debezium's own placeholder
  'route.topic.replacement': { type: 'string', default: 'outbox.event.${routedByValue}' },
  'route.tombstone.on.empty.payload': { type: 'boolean', default: 'false' },
  'tracing.span.context.field': { type: 'string', default: 'tracingspancontext' },
  'tracing.operation.name': { type: 'string', default: 'debezium-read' },
  'tracing.with.context.field.only': { type: 'boolean', default: 'false' },
}

/** Options of Debezium's unwrapping transform. */
const newRecordStateProperties: PropertyTable = {
  'drop.tombstones': { type: 'boolean', default: 'true', until: '3.1' },
  'delete.handling.mode': {
    type: 'enum',
    default: 'drop',
    values: ['drop', 'rewrite', 'none'],
    until: '3.1',
  },
  'delete.tombstone.handling.mode': {
    type: 'enum',
    values: [
      'drop',
      'tombstone',
      'rewrite',
      'rewrite-with-tombstone',
      { value: 'delete-to-tombstone', since: '3.2' },
    ],
  },
  'route.by.field': { type: 'string' },
  'add.fields': { type: 'list' },
  'add.fields.prefix': { type: 'string', default: '__' },
  'add.headers': { type: 'list' },
  'add.headers.prefix': { type: 'string', default: '__' },
  'drop.fields.header.name': { type: 'string' },
  'drop.fields.from.key': { type: 'boolean', default: 'false' },
  'drop.fields.keep.schema.compatible': { type: 'boolean', default: 'true' },
  'replace.null.with.default': { type: 'boolean', default: 'true', since: '3.1' },
}

export const eventRouterClass = 'io.debezium.transforms.outbox.EventRouter'

/** Transforms whose options are checked, by class. */
export const transformProperties: Readonly<Record<string, PropertyTable>> = {
  [eventRouterClass]: eventRouterProperties,
  'io.debezium.transforms.ExtractNewRecordState': newRecordStateProperties,
}
