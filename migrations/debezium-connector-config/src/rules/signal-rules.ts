import { closestName } from '../closest-name.ts'
import { type ConnectorConfig, type Finding, listOf, oneOf } from '../connector-config.ts'
import { effectiveValue } from '../known-properties.ts'
import type { Target } from '../property.ts'

const signalChannels = ['source', 'kafka', 'file', 'jmx']
const notificationChannels = ['sink', 'log', 'jmx']

/** Signals, notifications and heartbeats that would never be read or sent. */
export function signalRules(config: ConnectorConfig, target: Target): Finding[] {
  return [
    ...channels(config, 'signal.enabled.channels', signalChannels),
    ...channels(config, 'notification.enabled.channels', notificationChannels),
    ...signalTable(config),
    ...needs(config),
    ...heartbeat(config, target),
  ]
}

/** Debezium looks a channel up by name and goes on without one that it doesn't find. */
function channels(config: ConnectorConfig, name: string, known: readonly string[]): Finding[] {
  return listOf(config[name])
    .filter(channel => !known.includes(channel) && !/^[\w$]+(\.[\w$]+)+$/.test(channel))
    .map(channel => {
      const meant = closestName(channel, known)
      return {
        severity: 'error',
        property: name,
        message: `${JSON.stringify(channel)} is not one of ${oneOf(known)}; Debezium goes on without it`,
        ...(meant === undefined ? {} : { suggestion: meant }),
      }
    })
}

function signalTable(config: ConnectorConfig): Finding[] {
  const property = 'signal.data.collection'
  const tables = listOf(config[property])
  const findings: Finding[] = []
  if (tables.length > 1) {
    findings.push({
      severity: 'error',
      property,
      message: `${tables.length} tables: one server has one signal table`,
    })
  }
  for (const table of tables) {
    if (!/^[^.\\*]+\.[^.\\*]+$/.test(table)) {
      findings.push({
        severity: 'error',
        property,
        message: `${table} is not written database.table (a name, not a pattern)`,
        ...(table.includes('\\.') ? { suggestion: table.replaceAll('\\.', '.') } : {}),
      })
    }
  }
  const usesSource = listOf(config['signal.enabled.channels']).includes('source')
  if (usesSource && tables.length === 0) {
    findings.push({ severity: 'error', property, message: 'required by the signal channel `source`' })
  }
  return findings
}

function needs(config: ConnectorConfig): Finding[] {
  const findings: Finding[] = []
  const required = (property: string, because: string) => {
    if (!config[property]?.trim())
      findings.push({ severity: 'error', property, message: `required by ${because}` })
  }
  const signals = listOf(config['signal.enabled.channels'])
  if (signals.includes('kafka')) required('signal.kafka.bootstrap.servers', 'the signal channel `kafka`')
  if (listOf(config['notification.enabled.channels']).includes('sink')) {
    required('notification.sink.topic.name', 'the notification channel `sink`')
  }
  const kafkaSettings = Object.keys(config).filter(name => name.startsWith('signal.kafka.'))
  if (kafkaSettings.length > 0 && !signals.includes('kafka')) {
    findings.push({
      severity: 'warning',
      property: kafkaSettings[0]!,
      message: 'has no effect unless signal.enabled.channels names kafka',
    })
  }
  if (config['read.only']?.trim() === 'true' && !signals.some(channel => channel !== 'source')) {
    findings.push({
      severity: 'warning',
      property: 'read.only',
      message:
        "a read-only connector can't use the signal table: name another channel in signal.enabled.channels",
      suggestion: 'signal.enabled.channels=kafka',
    })
  }
  return findings
}

function heartbeat(config: ConnectorConfig, target: Target): Finding[] {
  const interval = effectiveValue(config, 'heartbeat.interval.ms', target)
  if (interval !== '0') return []
  if (config['heartbeat.action.query']?.trim()) {
    return [
      {
        severity: 'error',
        property: 'heartbeat.action.query',
        message: 'never runs while heartbeat.interval.ms is 0',
      },
    ]
  }
  return [
    {
      severity: 'warning',
      property: 'heartbeat.interval.ms',
      message:
        'no heartbeat: while the captured tables are quiet the offset stays, and the binlog it needs may be purged',
      suggestion: '10000',
    },
  ]
}
