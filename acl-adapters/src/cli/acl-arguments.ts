import { parseArgs } from 'node:util'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'

const usage = `acl inspect WSDL [--json]
acl convert WSDL --to json|xml            JSONL on stdin and stdout
acl serve WSDL --endpoint URL [--port N] [--host H] [--log info|warn|error]
                          [--reads OPERATION,…] [--timeout MS] [--outcomes DIR] [--drop-unknown]
                          [--mtom BYTES] [--username-token FILE] [--sign-key FILE --sign-certificate FILE]
acl serve WSDL --facade --upstream URL [--path PATH] [--port N] [--host H] [--log info|warn|error]
                          [--wsse-users FILE]
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
