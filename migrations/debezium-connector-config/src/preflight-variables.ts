import { type ConnectorConfig, type Finding, listOf } from './connector-config.ts'
import type { Target } from './property.ts'

/** Server variables by lower-case name. */
export type Settings = ReadonlyMap<string, string>

/** What the server's settings must be for its binlog to hold every change, whole and long enough. */
export function checkVariables(
  settings: Settings,
  config: ConnectorConfig,
  target: Target,
  retentionSeconds: number,
): Finding[] {
  return [
    ...flavour(settings, target),
    ...binlog(settings, config, target),
    ...gtids(settings, config, target),
    ...retention(settings, retentionSeconds),
    ...identity(settings, config),
  ]
}

function flavour(settings: Settings, { connector }: Target): Finding[] {
  const version = settings.get('version') ?? ''
  const isMariadb = /mariadb/i.test(version)
  if (version === '' || isMariadb === (connector === 'mariadb')) return []
  return [
    {
      severity: 'error',
      property: 'version',
      message: `the server is ${version}, and the connector is the one for ${connector === 'mariadb' ? 'MariaDB' : 'MySQL'}`,
      suggestion: isMariadb
        ? 'io.debezium.connector.mariadb.MariaDbConnector'
        : 'io.debezium.connector.mysql.MySqlConnector',
    },
  ]
}

function binlog(settings: Settings, config: ConnectorConfig, { connector }: Target): Finding[] {
  const findings: Finding[] = []
  const want = (severity: Finding['severity'], property: string, expected: string, otherwise: string) => {
    const value = settings.get(property)
    if (value === undefined || value.toUpperCase() === expected) return
    findings.push({
      severity,
      property,
      message: `is ${value === '' ? 'empty' : value}: ${otherwise}`,
      suggestion: `${property}=${expected}`,
    })
  }
  want('error', 'log_bin', 'ON', 'there is no binlog to read')
  want('error', 'binlog_format', 'ROW', 'changes are logged as statements, which carry no rows')
  want('error', 'binlog_row_image', 'FULL', 'rows are logged in part, and the rest would be read as null')
  want(
    'warning',
    'binlog_row_metadata',
    'FULL',
    'names and signs of columns have to be taken from the schema history alone',
  )
  const partial = settings.get('binlog_row_value_options') ?? ''
  if (partial !== '') {
    findings.push({
      severity: 'error',
      property: 'binlog_row_value_options',
      message: `is ${partial}: updates of JSON columns are logged as patches, not values`,
      suggestion: "binlog_row_value_options=''",
    })
  }
  if (config['include.query']?.trim() === 'true') {
    const name = connector === 'mariadb' ? 'binlog_annotate_row_events' : 'binlog_rows_query_log_events'
    want('error', name, 'ON', 'include.query=true finds no statements in the binlog')
  }
  return findings
}

function gtids(settings: Settings, config: ConnectorConfig, { connector }: Target): Finding[] {
  const findings: Finding[] = []
  if (connector === 'mariadb') {
    if (settings.get('gtid_strict_mode') === 'OFF') {
      findings.push({
        severity: 'warning',
        property: 'gtid_strict_mode',
        message: 'is OFF: a write on a replica can make a GTID stand for two different changes',
        suggestion: 'gtid_strict_mode=ON',
      })
    }
    return findings
  }
  const needed =
    config['read.only']?.trim() === 'true' || config['gtid.source.excludes'] || config['gtid.source.includes']
  for (const property of ['gtid_mode', 'enforce_gtid_consistency']) {
    const value = settings.get(property)
    if (value === undefined || value === 'ON') continue
    findings.push({
      severity: needed ? 'error' : 'warning',
      property,
      message: `is ${value}: ${needed ? 'read.only and the filters of gtid.source.* need it' : "the connector can't follow a failover"}`,
      suggestion: `${property}=ON`,
    })
  }
  return findings
}

/** 0 means for ever. Both variables exist on MariaDB 10.6 and later, and mirror each other. */
function retention(settings: Settings, needed: number): Finding[] {
  const findings: Finding[] = []
  const seconds = Number(settings.get('binlog_expire_logs_seconds') ?? 0)
  const days = Number(settings.get('expire_logs_days') ?? 0)
  const kept = seconds > 0 ? seconds : days * 86_400
  if (kept > 0 && kept < needed) {
    const property = seconds > 0 ? 'binlog_expire_logs_seconds' : 'expire_logs_days'
    findings.push({
      severity: 'error',
      property,
      message: `the binlog is kept for ${kept} s, less than the ${needed} s the connector may be down`,
      suggestion: seconds > 0 ? `${property}=${needed}` : `${property}=${Math.ceil(needed / 86_400)}`,
    })
  }
  const size = Number(settings.get('max_binlog_total_size') ?? 0)
  if (size > 0) {
    findings.push({
      severity: 'warning',
      property: 'max_binlog_total_size',
      message: `is ${size} bytes: a burst of writes can purge the binlog before its time`,
    })
  }
  return findings
}

function identity(settings: Settings, config: ConnectorConfig): Finding[] {
  const findings: Finding[] = []
  const own = settings.get('server_id')
  if (own !== undefined && own === config['database.server.id']?.trim()) {
    findings.push({
      severity: 'error',
      property: 'database.server.id',
      message: `${own} is the server's own id: the server refuses to feed a replica that has it`,
    })
  }
  const isReadOnly = ['read_only', 'super_read_only'].some(name => settings.get(name) === 'ON')
  const channels = listOf(config['signal.enabled.channels'] ?? 'source')
  if (isReadOnly && config['signal.data.collection'] && channels.includes('source')) {
    findings.push({
      severity: 'warning',
      property: 'read_only',
      message: 'is ON: incremental snapshots write their watermarks into the signal table',
      suggestion: 'read.only=true and the signal channel kafka',
    })
  }
  return findings
}
