import type { PropertyTable } from '../property.ts'

/** Which databases, tables, columns and origins are captured. */
export const captureProperties: PropertyTable = {
  'column.exclude.list': { type: 'regexes' },
  'column.include.list': { type: 'regexes' },
  'column.propagate.source.type': { type: 'regexes' },
  'database.exclude.list': { type: 'regexes' },
  'database.include.list': { type: 'regexes' },
  'datatype.propagate.source.type': { type: 'regexes' },
  'gtid.ignore.on.recovery': { type: 'boolean', default: 'false', since: '3.6' },
  'gtid.source.excludes': { type: 'regexes' },
  'gtid.source.filter.dml.events': { type: 'boolean', default: 'true' },
  'gtid.source.includes': { type: 'regexes' },
  'guardrail.collections.limit.action': {
    type: 'enum',
    default: 'warn',
    values: ['warn', 'fail'],
    since: '3.3',
  },
  'guardrail.collections.max': { type: 'int', default: '0', min: 0, since: '3.3' },
  'table.exclude.list': { type: 'regexes' },
  'table.ignore.builtin': { type: 'boolean', default: 'true' },
  'table.include.list': { type: 'regexes' },
}
