import { type ConnectorConfig, type Finding, listOf } from '../connector-config.ts'
import { effectiveValue } from '../known-properties.ts'
import type { Target } from '../property.ts'

/** How values and messages leave: settings that change a value, drop a change or stall the queue. */
export function deliveryRules(config: ConnectorConfig, target: Target): Finding[] {
  return [
    ...lossyValues(config, target),
    ...droppedChanges(config, target),
    ...skippedOperations(config),
    ...topics(config),
    ...queues(config, target),
  ]
}

/** property, value that is unsafe, what happens, value that is safe. */
const lossy: readonly (readonly [string, string, string, string])[] = [
  ['decimal.handling.mode', 'double', 'decimals lose digits beyond the 15th', 'string'],
  [
    'bigint.unsigned.handling.mode',
    'long',
    'a BIGINT UNSIGNED above 2^63 − 1 turns into a negative number',
    'precise',
  ],
  [
    'time.precision.mode',
    'connect',
    'microseconds are cut off, and a TIME outside 0–24 h becomes null',
    'adaptive_time_microseconds',
  ],
  ['time.precision.mode', 'isostring', 'a TIME outside 0–24 h becomes null', 'adaptive_time_microseconds'],
  [
    'time.precision.mode',
    'nanoseconds',
    'dates before 1677 and after 2262 stop the connector',
    'microseconds',
  ],
]

function lossyValues(config: ConnectorConfig, target: Target): Finding[] {
  const findings = lossy
    .filter(([name, value]) => effectiveValue(config, name, target) === value)
    .map(
      ([property, , message, suggestion]): Finding => ({
        severity: 'warning',
        property,
        message: `${property in config ? '' : 'by default, '}${message}`,
        suggestion,
      }),
    )
  const schemaless = ['key.converter', 'value.converter'].some(
    name => config[name]?.endsWith('JsonConverter') && config[`${name}.schemas.enable`]?.trim() === 'false',
  )
  if (schemaless && effectiveValue(config, 'decimal.handling.mode', target) === 'precise') {
    findings.push({
      severity: 'warning',
      property: 'decimal.handling.mode',
      message:
        'precise decimals are bytes whose scale stands in the schema, and the converter writes no schema',
      suggestion: 'string',
    })
  }
  return findings
}

function droppedChanges(config: ConnectorConfig, target: Target): Finding[] {
  const findings: Finding[] = []
  const warn = (property: string, message: string, suggestion: string) =>
    findings.push({ severity: 'warning', property, message, suggestion })
  if (effectiveValue(config, 'event.converting.failure.handling.mode', target) !== 'fail') {
    warn(
      'event.converting.failure.handling.mode',
      `${'event.converting.failure.handling.mode' in config ? '' : 'by default, '}a value that can't be converted is written as null or left out, with a log line at most`,
      'fail',
    )
  }
  for (const name of [
    'event.processing.failure.handling.mode',
    'event.deserialization.failure.handling.mode',
    'inconsistent.schema.handling.mode',
  ]) {
    const value = config[name]?.trim().toLowerCase()
    if (value !== undefined && value !== 'fail') warn(name, `${value} drops changes and goes on`, 'fail')
  }
  if (config['errors.tolerance']?.trim().toLowerCase() === 'all') {
    warn('errors.tolerance', 'changes that fail in a converter or transform are dropped', 'none')
  }
  if (config['tombstones.on.delete']?.trim() === 'false') {
    warn('tombstones.on.delete', 'compaction never removes the rows that were deleted', 'true')
  }
  if (config['include.query']?.trim() === 'true') {
    warn('include.query', 'statements are copied into every message, with whatever data they hold', 'false')
  }
  return findings
}

function skippedOperations(config: ConnectorConfig): Finding[] {
  const property = 'skipped.operations'
  const skipped = listOf(config[property])
  const unknown = skipped.filter(operation => !['c', 'u', 'd', 't', 'r', 'none'].includes(operation))
  const findings: Finding[] = unknown.map(operation => ({
    severity: 'error',
    property,
    message: `${operation} is not one of c, u, d, t, r or none`,
  }))
  if (skipped.includes('none') && skipped.length > 1) {
    findings.push({ severity: 'error', property, message: "none can't stand beside another operation" })
  }
  const lost = skipped.filter(operation => ['c', 'u', 'd'].includes(operation))
  if (lost.length > 0) {
    findings.push({
      severity: 'warning',
      property,
      message: `changes of kind ${lost.join(', ')} are dropped`,
    })
  }
  return findings
}

function topics(config: ConnectorConfig): Finding[] {
  const findings: Finding[] = []
  for (const name of ['topic.prefix', 'topic.delimiter', 'topic.transaction', 'topic.heartbeat.prefix']) {
    const value = config[name]?.trim()
    if (value && !value.startsWith('${') && !/^[A-Za-z0-9._-]+$/.test(value)) {
      findings.push({
        severity: 'error',
        property: name,
        message: `${JSON.stringify(value)} has characters that a topic's name can't have (allowed: A–Z a–z 0–9 . _ -)`,
        suggestion: value.replaceAll(/[^A-Za-z0-9._-]+/g, '-'),
      })
    }
  }
  const host = config['database.hostname']?.trim()
  if (host && /[/:@\s]/.test(host) && !/^\[?[0-9a-f:]+\]?$/i.test(host)) {
    findings.push({
      severity: 'error',
      property: 'database.hostname',
      message: `${JSON.stringify(host.replace(/\/\/[^@]*@/, '//'))} is not a host name: no scheme, port or login belongs here`,
    })
  }
  return findings
}

function queues(config: ConnectorConfig, target: Target): Finding[] {
  const batch = Number(effectiveValue(config, 'max.batch.size', target))
  const queue = Number(effectiveValue(config, 'max.queue.size', target))
  if (!Number.isFinite(batch) || !Number.isFinite(queue) || queue > batch) return []
  return [
    {
      severity: 'error',
      property: 'max.queue.size',
      message: `${queue} must be larger than max.batch.size, which is ${batch}`,
      suggestion: String(batch * 4),
    },
  ]
}
