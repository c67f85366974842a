import { parseArgs } from 'node:util'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Contract } from '../contract/contract.ts'

const usage = `acl inspect WSDL [--json] [--gate lossless|lossy [--operations OPERATION,…]]
acl convert WSDL --to json|xml            JSONL on stdin and stdout
acl serve WSDL --endpoint URL [--port N] [--host H] [--log info|warn|error]
                          [--mapping FILE]… [--reads OPERATION,…] [--timeout MS] [--outcomes DIR] [--drop-unknown]
                          [--mtom BYTES] [--username-token FILE] [--sign-key FILE --sign-certificate FILE]
acl serve WSDL --facade --upstream URL [--path PATH] [--port N] [--host H] [--log info|warn|error]
                          [--mapping FILE]… [--wsse-users FILE]
acl replay WSDL --requests FILE.jsonl --after URL [--before URL] [--reads OPERATION,…] [--writes]
                          [--ignore POINTER]…
acl generate WSDL --out DIR
Each takes --root DIR: what the WSDL imports may lie anywhere in that folder, instead of in the WSDL's own.
`
const options = {
  json: { type: 'boolean', default: false },
  to: { type: 'string' },
  endpoint: { type: 'string' },
  upstream: { type: 'string' },
  facade: { type: 'boolean', default: false },
  path: { type: 'string', default: '/soap' },
  port: { type: 'string', default: '0' },
  host: { type: 'string', default: '127.0.0.1' },
  out: { type: 'string' },
  log: { type: 'string', default: 'info' },
  reads: { type: 'string', default: '' },
  timeout: { type: 'string', default: '10000' },
  outcomes: { type: 'string' },
  'drop-unknown': { type: 'boolean', default: false },
  root: { type: 'string' },
  mtom: { type: 'string' },
  'username-token': { type: 'string' },
  'sign-key': { type: 'string' },
  'sign-certificate': { type: 'string' },
  'wsse-users': { type: 'string' },
  mapping: { type: 'string', multiple: true, default: [] as string[] },
  gate: { type: 'string' },
  operations: { type: 'string' },
  requests: { type: 'string' },
  before: { type: 'string' },
  after: { type: 'string' },
  writes: { type: 'boolean', default: false },
  ignore: { type: 'string', multiple: true, default: [] as string[] },
} as const

export type Flags = ReturnType<typeof readArguments>['values']

/** @throws ToolkitError USAGE_INVALID */
export function readArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (cause) {
    throw badUsage(messageOf(cause))
  }
}

export function badUsage(message: string): ToolkitError {
  return new ToolkitError('USAGE_INVALID', `${message}\n${usage}`)
}

/** The operations that --reads names. @throws ToolkitError USAGE_INVALID */
export function readsIn(contract: Contract, flags: Flags): string[] {
  return namesIn(contract, '--reads', flags.reads)
}

/** Operations named one after the other, separated by commas. @throws ToolkitError USAGE_INVALID */
export function namesIn({ operations }: Contract, flag: string, text: string): string[] {
  const names = text.split(',').filter(name => name !== '')
  const strangers = names.filter(name => !operations.has(name))
  if (strangers.length > 0)
    throw badUsage(`${flag} names ${strangers.join(', ')}, which the WSDL does not have`)
  return names
}

/** The origin and the path of an http URL. @throws ToolkitError USAGE_INVALID */
export function splitUrl(flag: string, text: string | undefined): { origin: string; path: string } {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw badUsage(`${flag} needs an http URL`)
  return { origin: url.origin, path: url.pathname + url.search }
}
