import type { PropertyTable } from '../property.ts'

/** How column values are written. */
export const valueProperties: PropertyTable = {
  'bigint.unsigned.handling.mode': { type: 'enum', default: 'long', values: ['long', 'precise'] },
  'binary.handling.mode': {
    type: 'enum',
    default: 'bytes',
    values: ['bytes', 'base64', 'base64-url-safe', 'hex'],
  },
  converters: { type: 'string' },
  'decimal.handling.mode': { type: 'enum', default: 'precise', values: ['precise', 'string', 'double'] },
  'enable.time.adjuster': { type: 'boolean', default: 'true' },
  'event.converting.failure.handling.mode': {
    type: 'enum',
    default: 'warn',
    values: ['skip', 'warn', 'fail'],
  },
  'event.deserialization.failure.handling.mode': {
    type: 'enum',
    default: 'fail',
    values: ['skip', 'warn', 'fail', 'ignore'],
  },
  'event.processing.failure.handling.mode': {
    type: 'enum',
    default: 'fail',
    values: ['skip', 'warn', 'fail', 'ignore'],
  },
  'inconsistent.schema.handling.mode': {
    type: 'enum',
    default: 'fail',
    values: ['skip', 'warn', 'fail', 'ignore'],
  },
  'post.processors': { type: 'string' },
  'time.precision.mode': {
    type: 'enum',
    default: 'adaptive_time_microseconds',
    values: [
      'adaptive_time_microseconds',
      'connect',
      { value: 'isostring', since: '3.1' },
      { value: 'microseconds', since: '3.1' },
      { value: 'nanoseconds', since: '3.1' },
    ],
  },
}
