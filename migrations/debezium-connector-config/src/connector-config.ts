import { type Connector, connectorClasses } from './property.ts'

/** A connector's configuration as Kafka Connect takes it: flat, every value a string. */
export type ConnectorConfig = Readonly<Record<string, string>>

export type Severity = 'error' | 'warning'

/** One thing to mend. `suggestion` is a name or value that can be pasted, or what to do. Never holds a secret. */
export type Finding = { severity: Severity; property: string; message: string; suggestion?: string }

/** The connector that `connector.class` names; undefined for any other. */
export function connectorOf(config: Readonly<Record<string, unknown>>): Connector | undefined {
  const name = config['connector.class']
  if (name === connectorClasses.mysql || name === 'MySqlConnector' || name === 'MySql') return 'mysql'
  if (name === connectorClasses.mariadb || name === 'MariaDbConnector' || name === 'MariaDb') return 'mariadb'
  return undefined
}

/** The entries of a comma-separated value, trimmed, empty ones dropped. */
export function listOf(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
}

/**
 * The patterns of a comma-separated list of regular expressions. A comma preceded by a backslash belongs to the
 * expression, as it does for Debezium.
 */
export function patternsOf(value: string | undefined): string[] {
  return (value ?? '')
    .split(/(?<!\\),/)
    .map(entry => entry.trim().replaceAll('\\,', ','))
    .filter(entry => entry !== '')
}

/** `a`, `a or b`, `a, b or c`. */
export function oneOf(values: readonly string[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
}
