import { closestName } from './closest-name.ts'
import { type ConnectorConfig, connectorOf, type Finding, oneOf } from './connector-config.ts'
import { ConnectorConfigError } from './connector-config-error.ts'
import { connectorClasses, debeziumVersions, readDebeziumVersion, type Target } from './property.ts'
import { captureRules } from './rules/capture-rules.ts'
import { deliveryRules } from './rules/delivery-rules.ts'
import { historyRules } from './rules/history-rules.ts'
import { nameRules } from './rules/name-rules.ts'
import { securityRules } from './rules/security-rules.ts'
import { signalRules } from './rules/signal-rules.ts'
import { snapshotRules } from './rules/snapshot-rules.ts'
import { transformRules } from './rules/transform-rules.ts'
import { valueRules } from './rules/value-rules.ts'

const rules: readonly ((config: ConnectorConfig, target: Target) => Finding[])[] = [
  nameRules,
  valueRules,
  historyRules,
  captureRules,
  snapshotRules,
  signalRules,
  deliveryRules,
  transformRules,
  securityRules,
]

/**
 * Finds what is wrong with a connector's configuration without asking a server, including what Debezium's own
 * validation lets through: misspelt and renamed names, a missing schema history, modes that lose rows.
 * @param config as Kafka Connect takes it; numbers and booleans of a JSON file are read as their text
 * @param options.debezium the release that will run it: `3.5`, `3.5.0` or `3.5.0.Final`, 2.7 to 3.6
 * @returns errors first, then warnings, each sorted by property; empty when there is nothing to say
 * @throws ConnectorConfigError OPTIONS_INVALID for a release without a table
 */
export function validateConnectorConfig(
  config: Readonly<Record<string, unknown>>,
  options: { debezium: string },
): Finding[] {
  const debezium = readDebeziumVersion(options.debezium)
  if (debezium === undefined) {
    throw new ConnectorConfigError('OPTIONS_INVALID', `no property table for Debezium ${options.debezium}`, {
      hint: `one of ${oneOf(debeziumVersions)}`,
    })
  }
  const { texts, findings } = readTexts(config)
  const connector = connectorOf(texts)
  if (connector === undefined) return [...findings, wrongClass(texts['connector.class'])]
  const target = { connector, debezium }
  return inOrder([...findings, ...rules.flatMap(rule => rule(texts, target))])
}

function readTexts(config: Readonly<Record<string, unknown>>): {
  texts: ConnectorConfig
  findings: Finding[]
} {
  const findings: Finding[] = []
  const texts: Record<string, string> = Object.create(null)
  for (const [property, value] of Object.entries(config)) {
    if (typeof value === 'string') texts[property] = value
    else if (typeof value === 'boolean' || typeof value === 'number') texts[property] = String(value)
    else {
      const what = value === null ? 'null' : Array.isArray(value) ? 'an array' : `of type ${typeof value}`
      findings.push({
        severity: 'error',
        property,
        message: `the value is ${what}; Kafka Connect takes strings`,
        ...(Array.isArray(value) ? { suggestion: value.join(',') } : {}),
      })
    }
  }
  return { texts, findings }
}

function wrongClass(name: string | undefined): Finding {
  const property = 'connector.class'
  const known = Object.values(connectorClasses)
  if (name === undefined || name.trim() === '') {
    return { severity: 'error', property, message: `required, one of ${oneOf(known)}` }
  }
  const meant = closestName(name, known)
  return {
    severity: 'error',
    property,
    message: `${JSON.stringify(name)} is neither Debezium's MySQL nor its MariaDB connector; nothing else was checked`,
    ...(meant === undefined ? {} : { suggestion: meant }),
  }
}

function inOrder(findings: readonly Finding[]): Finding[] {
  const rank = { error: 0, warning: 1 }
  return findings.toSorted(
    (one, other) => rank[one.severity] - rank[other.severity] || compare(one.property, other.property),
  )
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
