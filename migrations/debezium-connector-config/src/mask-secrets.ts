import type { ConnectorConfig } from './connector-config.ts'

const secretName =
  /(password|passwd|secret|sasl\.jaas\.config|basic\.auth\.user\.info|credentials|token|api\.?key|private\.?key|(keystore|truststore)\.key|with\.salt\..*)$/i
const placeholder = /^\$\{[^}]+\}$/
const mask = '********'

/** Whether a property of that name holds a secret: a password, a key, a login. */
export function isSecretName(name: string): boolean {
  return secretName.test(name)
}

/** Whether a value is a reference such as `${env:DB_PASSWORD}` that the Connect worker resolves. */
export function isPlaceholder(value: string): boolean {
  return placeholder.test(value)
}

/** The configuration as it may be shown: secrets replaced, references to secrets kept. */
export function maskSecrets(config: ConnectorConfig): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      isSecretName(name) && value !== '' && !isPlaceholder(value) ? mask : value,
    ]),
  )
}

/** `text` (a server's message, a task's trace) without any of the configuration's secrets. */
export function maskText(text: string, config: Readonly<Record<string, unknown>>): string {
  return Object.entries(config)
    .filter((entry): entry is [string, string] => isSecretName(entry[0]) && typeof entry[1] === 'string')
    .map(([, value]) => value)
    .filter(value => value.length >= 3 && !isPlaceholder(value))
    .reduce((masked, value) => masked.replaceAll(value, mask), text)
}
