import { applyConnector } from './apply-connector.ts'
import { type CliArguments, readArguments, usage } from './cli-arguments.ts'
import { findingsText, offsetsText, statusText } from './cli-text.ts'
import { type ConnectClient, type ConnectorOffset, createConnectClient } from './connect-client.ts'
import { type ConnectorConfig, connectorOf, type Finding } from './connector-config.ts'
import { ConnectorConfigError } from './connector-config-error.ts'
import { parseConfigFile } from './parse-config-file.ts'
import { validateConnectorConfig } from './validate-connector-config.ts'

/** What the command line needs of the process around it. */
export type CliHost = {
  /** @throws when the file can't be read or is larger than a megabyte */
  readText(path: string): Promise<string>
  out(text: string): void
  err(text: string): void
}

type Outcome = { exit: number; document: unknown; text: string }

/** Runs one command. @returns the exit code: 0 done, 1 failed, 2 unusable file or usage, 3 errors found */
export async function runCli(args: readonly string[], host: CliHost): Promise<number> {
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    const asked = args.length > 0
    ;(asked ? host.out : host.err)(usage)
    return asked ? 0 : 2
  }
  const json = args.includes('--json')
  try {
    const { exit, document, text } = await perform(readArguments(args), host)
    host.out(json ? `${JSON.stringify(document, null, 2)}\n` : text)
    return exit
  } catch (error) {
    return showFailure(error, json, host)
  }
}

function showFailure(error: unknown, json: boolean, host: CliHost): number {
  const known = error instanceof ConnectorConfigError ? error : undefined
  const message = error instanceof Error ? error.message : String(error)
  if (json) {
    const document = {
      ok: false,
      code: known?.code ?? 'FAILED',
      message,
      hint: known?.hint,
      ...known?.details,
    }
    host.out(`${JSON.stringify(document, null, 2)}\n`)
    return exitOf(known)
  }
  const findings = known?.details.findings as Finding[] | undefined
  host.err(findings === undefined ? `${message}\n` : findingsText(findings, 'Kafka Connect'))
  if (known?.hint !== undefined) host.err(`→ ${known.hint}\n`)
  return exitOf(known)
}

function exitOf(error: ConnectorConfigError | undefined): number {
  if (error?.code === 'USAGE' || error?.code === 'FILE_UNUSABLE') return 2
  return error?.code === 'CONFIG_REJECTED' ? 3 : 1
}

function perform(args: CliArguments, host: CliHost): Promise<Outcome> {
  const { verb, words, waitMs } = args
  if (verb === 'check') return check(args, host)
  const client = createConnectClient({ url: args.connect })
  const name = words.at(verb === 'offsets' ? 1 : 0)!
  switch (verb) {
    case 'validate':
      return validate(args, host, client)
    case 'apply':
      return apply(args, host, client)
    case 'status':
      return status(client, name)
    case 'pause':
    case 'resume':
    case 'stop':
      return client[verb](name, { waitMs }).then(shown)
    case 'restart':
      return client.restart(name, { waitMs, onlyFailed: args.onlyFailed }).then(shown)
    case 'delete':
      return client.delete(name, { waitMs }).then(deleted => ({
        exit: 0,
        document: { ok: true, name, deleted },
        text: deleted ? `deleted ${name}; its offsets stay\n` : `there is no ${name}\n`,
      }))
    case 'offsets':
      return offsets(args, host, client, name)
    default:
      return verb satisfies never
  }
}

async function check(args: CliArguments, host: CliHost): Promise<Outcome> {
  const { config, findings } = await readConfig(args, host)
  return report(args, config, findings)
}

async function validate(args: CliArguments, host: CliHost, client: ConnectClient): Promise<Outcome> {
  const { config, findings } = await readConfig(args, host)
  const theirs = findings.some(isError) ? [] : await client.validate(config)
  return report(args, config, [...theirs, ...findings])
}

async function apply(args: CliArguments, host: CliHost, client: ConnectClient): Promise<Outcome> {
  const { config, findings } = await readConfig(args, host)
  if (findings.some(isError)) return report(args, config, findings)
  const { outcome, status: now } = await applyConnector(client, config, { waitMs: args.waitMs })
  return {
    exit: 0,
    document: { ok: true, outcome, status: now, findings },
    text: `${findings.length === 0 ? '' : findingsText(findings, args.words[0]!)}${outcome}\n${statusText(now)}`,
  }
}

async function status(client: ConnectClient, name: string): Promise<Outcome> {
  const now = await client.status(name)
  if (now === undefined) {
    throw new ConnectorConfigError('CONNECTOR_MISSING', `there is no connector ${name}`, {
      hint: 'apply its file',
    })
  }
  const failed = [now, ...now.tasks].some(part => part.state === 'FAILED')
  return { exit: failed ? 1 : 0, document: { ok: !failed, status: now }, text: statusText(now) }
}

async function offsets(
  args: CliArguments,
  host: CliHost,
  client: ConnectClient,
  name: string,
): Promise<Outcome> {
  const [action, , file] = args.words
  if (action === 'get') {
    const found = await client.offsets(name)
    return { exit: 0, document: { ok: true, name, offsets: found }, text: offsetsText(found) }
  }
  const message =
    action === 'reset'
      ? await client.resetOffsets(name)
      : await client.alterOffsets(name, readOffsets(file!, await readFile(host, file!)))
  return { exit: 0, document: { ok: true, name, message }, text: `${message}\n` }
}

function shown(now: Parameters<typeof statusText>[0]): Outcome {
  return { exit: 0, document: { ok: true, status: now }, text: statusText(now) }
}

function isError({ severity }: Finding): boolean {
  return severity === 'error'
}

async function readConfig(
  args: CliArguments,
  host: CliHost,
): Promise<{ config: ConnectorConfig; findings: Finding[] }> {
  const file = args.words[0]!
  const parsed = parseConfigFile(file, await readFile(host, file))
  const findings = [
    ...parsed.findings,
    ...validateConnectorConfig(parsed.config, { debezium: args.debezium }),
  ]
  const config = Object.fromEntries(
    Object.entries(parsed.config).map(([name, value]) => [name, String(value)]),
  )
  return {
    config,
    findings: findings.toSorted((one, other) => Number(isError(other)) - Number(isError(one))),
  }
}

function report(args: CliArguments, config: ConnectorConfig, findings: readonly Finding[]): Outcome {
  const file = args.words[0]!
  const errors = findings.filter(isError).length
  const document = {
    ok: errors === 0,
    file,
    connector: connectorOf(config) ?? null,
    debezium: args.debezium,
    findings,
  }
  return { exit: errors === 0 ? 0 : 3, document, text: findingsText(findings, file) }
}

async function readFile(host: CliHost, file: string): Promise<string> {
  try {
    return await host.readText(file)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new ConnectorConfigError('FILE_UNUSABLE', `${file} can't be read: ${message}`, {
      hint: 'name a file',
    })
  }
}

function readOffsets(file: string, text: string): ConnectorOffset[] {
  const { config } = parseConfigFile(file, text)
  const found: unknown = config.offsets
  const isOffset = (entry: unknown) => typeof entry === 'object' && entry !== null && 'partition' in entry
  if (Array.isArray(found) && found.length > 0 && found.every(isOffset)) return found as ConnectorOffset[]
  throw new ConnectorConfigError('FILE_UNUSABLE', `${file} holds no offsets`, {
    hint: 'write what `offsets get NAME --json` prints: {"offsets": [{"partition": {…}, "offset": {…}}]}',
  })
}
