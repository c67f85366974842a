import { buildConnectorConfig } from '../src/build-connector-config.ts'
import type { ConnectorConfig, Finding } from '../src/connector-config.ts'
import type { ConnectorOptions } from '../src/connector-options.ts'
import { validateConnectorConfig } from '../src/validate-connector-config.ts'

export const goodOptions: ConnectorOptions = {
  name: 'shop-source',
  connector: 'mariadb',
  debezium: '3.5',
  topicPrefix: 'shop',
  database: {
    hostname: 'db.internal',
    user: 'debezium',
    password: placeholder('DB_PASSWORD'),
    serverId: 5401,
  },
  tables: ['shop.orders', 'shop.order_lines'],
  schemaHistory: { bootstrapServers: 'kafka:9092' },
}

/** `${env:NAME}` without looking like a template that lost its backticks. */
export function placeholder(name: string, provider = 'env'): string {
  return `\${${provider}:${name}}`
}

/** A configuration without findings, with some properties changed; undefined takes one out. */
export function configWith(
  changes: Readonly<Record<string, string | undefined>>,
  options: Partial<ConnectorOptions> = {},
): ConnectorConfig {
  const merged = { ...buildConnectorConfig({ ...goodOptions, ...options }), ...changes }
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** What those changes bring about, as `severity property → suggestion`. */
export function findingsOf(
  changes: Readonly<Record<string, string | undefined>>,
  debezium = '3.5',
  options: Partial<ConnectorOptions> = {},
): string[] {
  return validateConnectorConfig(configWith(changes, options), { debezium }).map(shortly)
}

export function shortly({ severity, property, suggestion }: Finding): string {
  return `${severity} ${property}${suggestion === undefined ? '' : ` → ${suggestion}`}`
}
