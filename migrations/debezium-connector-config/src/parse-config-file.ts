import type { Finding } from './connector-config.ts'
import { ConnectorConfigError } from './connector-config-error.ts'
import { parseProperties } from './parse-properties.ts'

export type ConfigFile = { config: Record<string, unknown>; findings: Finding[] }

/**
 * Reads the text of a configuration file: JSON (flat, or `{"name", "config"}` as it is POSTed to Kafka Connect) or
 * Java properties.
 * @param fileName its ending decides: `.properties`, else JSON
 * @throws ConnectorConfigError FILE_UNUSABLE
 */
export function parseConfigFile(fileName: string, text: string): ConfigFile {
  const content = text.replace(/^\uFEFF/, '')
  if (/\.(properties|props)$/i.test(fileName)) return fromProperties(fileName, content)
  let parsed: unknown
  try {
    parsed = JSON.parse(content)
  } catch (error) {
    // The parser's message quotes the text around the fault, which may be a password.
    const message = error instanceof Error ? error.message : ''
    const place = /at position \d+( \(line \d+ column \d+\))?/.exec(message)?.[0]
    throw new ConnectorConfigError('FILE_UNUSABLE', `${fileName} is not JSON${place ? ` (${place})` : ''}`, {
      hint: 'mend it, or name it .properties when it is one',
    })
  }
  if (!isRecord(parsed)) {
    throw new ConnectorConfigError('FILE_UNUSABLE', `${fileName} holds no JSON object`, {
      hint: 'write {"connector.class": …} or {"name": …, "config": {…}}',
    })
  }
  if (!isRecord(parsed.config)) return { config: parsed, findings: [] }
  return withOuterName(parsed, parsed.config)
}

function withOuterName(outer: Record<string, unknown>, inner: Record<string, unknown>): ConfigFile {
  const findings: Finding[] = []
  if (inner.name !== undefined && outer.name !== undefined && inner.name !== outer.name) {
    findings.push({
      severity: 'error',
      property: 'name',
      message: `the outer name ${JSON.stringify(outer.name)} and config.name ${JSON.stringify(inner.name)} differ`,
    })
  }
  for (const property of Object.keys(outer)) {
    if (['name', 'config', 'initial_state'].includes(property)) continue
    findings.push({
      severity: 'error',
      property,
      message: 'stands beside `config`, where Kafka Connect does not read it: move it inside',
    })
  }
  const name = outer.name ?? inner.name
  return { config: { ...inner, ...(name === undefined ? {} : { name }) }, findings }
}

function fromProperties(fileName: string, text: string): ConfigFile {
  const { entries, problems } = parseProperties(text)
  if (Object.keys(entries).length === 0) {
    throw new ConnectorConfigError('FILE_UNUSABLE', `${fileName} holds no property`, {
      hint: 'write one name=value per line',
    })
  }
  return {
    config: entries,
    findings: problems.map(({ property, message, suggestion }) => ({
      severity: 'error',
      property,
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    })),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
