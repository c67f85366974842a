import { type ConnectorConfig, type Finding, listOf } from '../connector-config.ts'
import { effectiveValue } from '../known-properties.ts'
import { isAtLeast, type Target } from '../property.ts'

const based = 'snapshot.mode.configuration.based.'
const overrides = 'snapshot.select.statement.overrides'

/** Snapshot modes that lose, repeat or never take the first copy, and settings that belong to another mode. */
export function snapshotRules(config: ConnectorConfig, target: Target): Finding[] {
  return [
    ...modeRules(config, target),
    ...customNames(config, target),
    ...basedRules(config, target),
    ...overrideRules(config),
  ]
}

function modeRules(config: ConnectorConfig, target: Target): Finding[] {
  const mode = config['snapshot.mode']?.trim().toLowerCase()
  const finding = (severity: Finding['severity'], message: string, suggestion?: string): Finding[] => [
    { severity, property: 'snapshot.mode', message, ...(suggestion === undefined ? {} : { suggestion }) },
  ]
  switch (mode) {
    case 'never':
      if (isAtLeast(target.debezium, '3.6')) return []
      return finding(
        'error',
        'never reads no table definitions either, so rows written before the first binlog that is kept are lost, or the start fails',
        'no_data',
      )
    case 'schema_only':
    case 'schema_only_recovery':
      if (isAtLeast(target.debezium, '3.3')) return []
      return finding('warning', 'old name, gone in 3.3', mode === 'schema_only' ? 'no_data' : 'recovery')
    case 'always':
      return finding('warning', 'every restart copies all rows again', 'initial')
    case 'initial_only':
      return finding('warning', 'stops after the copy: changes are not streamed', 'initial')
    case 'when_needed':
      return finding(
        'warning',
        'copies again, unasked, when the binlog it needs is gone: rows deleted in between stay in the topics',
        'initial',
      )
    case 'recovery':
      return finding(
        'warning',
        'rebuilds a lost schema history, for one start only; wrong when a table was altered since the last offset',
        'initial',
      )
    default:
      return []
  }
}

function customNames(config: ConnectorConfig, target: Target): Finding[] {
  const findings: Finding[] = []
  for (const mode of ['snapshot.mode', 'snapshot.locking.mode', 'snapshot.query.mode']) {
    const isCustom = effectiveValue(config, mode, target) === 'custom'
    const name = config[`${mode}.custom.name`]?.trim()
    if (isCustom && !name) {
      findings.push({
        severity: 'error',
        property: `${mode}.custom.name`,
        message: `required by ${mode}=custom`,
      })
    }
    if (!isCustom && name) {
      findings.push({
        severity: 'warning',
        property: `${mode}.custom.name`,
        message: `has no effect unless ${mode}=custom`,
      })
    }
  }
  if (config['snapshot.locking.mode']?.trim() === 'none') {
    findings.push({
      severity: 'warning',
      property: 'snapshot.locking.mode',
      message: 'a table altered during the snapshot is then decoded wrongly',
      suggestion: 'minimal',
    })
  }
  return findings
}

function basedRules(config: ConnectorConfig, target: Target): Finding[] {
  const set = Object.keys(config).filter(name => name.startsWith(based))
  if (effectiveValue(config, 'snapshot.mode', target) === 'configuration_based') {
    return set.length > 0
      ? []
      : [
          {
            severity: 'error',
            property: 'snapshot.mode',
            message: `configuration_based does nothing while no ${based}* is true`,
          },
        ]
  }
  return set.map(property => ({
    severity: 'warning',
    property,
    message: 'has no effect unless snapshot.mode=configuration_based',
  }))
}

function overrideRules(config: ConnectorConfig): Finding[] {
  const listed = listOf(config[overrides])
  const written = Object.keys(config)
    .filter(name => name.startsWith(`${overrides}.`))
    .map(name => name.slice(overrides.length + 1))
  return [
    ...listed
      .filter(table => !written.includes(table))
      .map(
        (table): Finding => ({
          severity: 'error',
          property: `${overrides}.${table}`,
          message: `${table} is listed in ${overrides}, and its SELECT is missing`,
        }),
      ),
    ...written
      .filter(table => !listed.includes(table))
      .map(
        (table): Finding => ({
          severity: 'error',
          property: `${overrides}.${table}`,
          message: `not read, because ${overrides} does not list ${table}`,
        }),
      ),
  ]
}
