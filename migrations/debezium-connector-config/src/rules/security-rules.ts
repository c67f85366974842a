import type { ConnectorConfig, Finding } from '../connector-config.ts'
import { effectiveValue } from '../known-properties.ts'
import { isPlaceholder, isSecretName } from '../mask-secrets.ts'
import type { Target } from '../property.ts'

const loopback = /^(localhost|127\.|::1$|\[::1\]$)/

/** Secrets that others can read, references the worker may not resolve, connections in the clear. */
export function securityRules(config: ConnectorConfig, target: Target): Finding[] {
  return [...secrets(config), ...providers(config), ...encryption(config, target)]
}

function secrets(config: ConnectorConfig): Finding[] {
  const findings: Finding[] = []
  if (config['database.password'] === undefined) {
    findings.push({
      severity: 'warning',
      property: 'database.password',
      message: 'absent: the login has no password',
    })
  }
  for (const [property, value] of Object.entries(config)) {
    if (!isSecretName(property) || /\.salt\./.test(property) || value.trim() === '' || value.includes('${'))
      continue
    findings.push({
      severity: 'warning',
      property,
      message: 'written in plain text: everybody who may GET the connector from Kafka Connect reads it',
      suggestion: `\${env:${property.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}}`,
    })
  }
  return findings
}

/** `${provider:path:key}`: a worker without that provider passes the text on as it is. */
function providers(config: ConnectorConfig): Finding[] {
  return Object.entries(config)
    .filter(([, value]) => /\$\{file:/.test(value))
    .map(([property]) => ({
      severity: 'warning',
      property,
      message:
        'resolved only by workers with config.providers=file; without its allowed.paths everybody who may create a connector can read any file there (CVE-2024-31141)',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the worker's placeholders
      suggestion: '${env:NAME}, or ${dir:/path:file}',
    }))
}

function encryption(config: ConnectorConfig, target: Target): Finding[] {
  const host = config['database.hostname']?.trim() ?? ''
  const mode = effectiveValue(config, 'database.ssl.mode', target)?.toLowerCase()
  if (host === '' || isPlaceholder(host) || loopback.test(host)) return []
  const byDefault = target.connector === 'mariadb' ? 'disable' : 'preferred'
  if (!['disable', 'disabled', 'preferred'].includes(mode ?? byDefault)) return []
  return [
    {
      severity: 'warning',
      property: 'database.ssl.mode',
      message: `${mode === undefined ? `by default ${byDefault}: ` : ''}rows and password may travel to ${host} unencrypted`,
      suggestion: strictMode(target),
    },
  ]
}

function strictMode({ connector, debezium }: Target): string {
  if (connector === 'mysql' || debezium === '2.7' || debezium === '3.0') return 'verify_identity'
  return 'verify-full'
}
