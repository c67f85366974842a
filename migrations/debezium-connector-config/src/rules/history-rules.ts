import type { ConnectorConfig, Finding } from '../connector-config.ts'
import { effectiveValue } from '../known-properties.ts'
import type { Target } from '../property.ts'

const prefix = 'schema.history.internal'
const kafkaHistory = 'io.debezium.storage.kafka.history.KafkaSchemaHistory'
const security = /^(security\.|sasl\.|ssl\.)/

/** The schema history: without it, or with a wrong one, a restart can't read the binlog. */
export function historyRules(config: ConnectorConfig, target: Target): Finding[] {
  const history = effectiveValue(config, prefix, target) ?? kafkaHistory
  const findings: Finding[] = history === kafkaHistory ? kafkaRules(config) : otherHistory(history)
  if (config[`${prefix}.skip.unparseable.ddl`]?.trim() === 'true') {
    findings.push({
      severity: 'warning',
      property: `${prefix}.skip.unparseable.ddl`,
      message: 'a skipped statement leaves a stale table definition, and rows are then decoded wrongly',
      suggestion: 'false',
    })
  }
  return findings
}

function kafkaRules(config: ConnectorConfig): Finding[] {
  const findings: Finding[] = []
  for (const [name, what] of [
    [`${prefix}.kafka.topic`, 'the topic that keeps the DDL'],
    [`${prefix}.kafka.bootstrap.servers`, 'where that topic lives'],
  ] as const) {
    if ((config[name] ?? '').trim() === '') {
      findings.push({
        severity: 'error',
        property: name,
        message: `required (${what}); Debezium's validation passes without it, the start does not`,
      })
    }
  }
  const topic = config[`${prefix}.kafka.topic`]?.trim()
  if (topic && topic === config['topic.prefix']?.trim()) {
    findings.push({
      severity: 'error',
      property: `${prefix}.kafka.topic`,
      message: `${topic} is also the topic of schema changes (topic.prefix): the history would be mixed with them`,
      suggestion: `schema-history.${topic}`,
    })
  }
  const badServers = (config[`${prefix}.kafka.bootstrap.servers`] ?? '')
    .split(',')
    .map(server => server.trim())
    .filter(
      server =>
        server !== '' && !/^\$\{/.test(server) && !/^(\w+:\/\/)?(\[[^\]]+\]|[^:\s]+):\d+$/.test(server),
    )
  if (badServers.length > 0) {
    findings.push({
      severity: 'error',
      property: `${prefix}.kafka.bootstrap.servers`,
      message: `${badServers.join(', ')}: a broker is written host:port`,
    })
  }
  return [...findings, ...unequalSecurity(config)]
}

/** Producer and consumer of the history each need the whole security setting. */
function unequalSecurity(config: ConnectorConfig): Finding[] {
  const side = (name: 'producer' | 'consumer') =>
    new Set(
      Object.keys(config)
        .filter(key => key.startsWith(`${prefix}.${name}.`))
        .map(key => key.slice(prefix.length + name.length + 2))
        .filter(key => security.test(key)),
    )
  const producer = side('producer')
  const consumer = side('consumer')
  const missing = [
    ...[...producer].filter(key => !consumer.has(key)).map(key => `${prefix}.consumer.${key}`),
    ...[...consumer].filter(key => !producer.has(key)).map(key => `${prefix}.producer.${key}`),
  ]
  return missing.map(property => ({
    severity: 'error',
    property,
    message: 'set for the other one of producer and consumer only: the history is written and read',
  }))
}

function otherHistory(history: string): Finding[] {
  if (history.endsWith('MemorySchemaHistory')) {
    return [
      {
        severity: 'error',
        property: prefix,
        message: 'kept in memory, the history is gone at the first restart',
        suggestion: kafkaHistory,
      },
    ]
  }
  if (history.endsWith('FileSchemaHistory')) {
    return [
      {
        severity: 'warning',
        property: prefix,
        message: 'a file stays behind on its worker when a rebalance moves the task to another one',
        suggestion: kafkaHistory,
      },
    ]
  }
  return []
}
