import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { listen } from '@strangler/kit/listen.ts'
import { createLog, type Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Contract } from '../contract/contract.ts'
import type { Diagnostic } from '../contract/diagnostic.ts'
import { type Compilation, loadContract } from '../contract/load-contract.ts'
import { createHttpExchange } from '../http/http-exchange.ts'
import { createFacadeServer } from '../http/serve-facade.ts'
import { openApiDocument } from '../rest-facade/open-api.ts'
import { createRestFacade } from '../rest-facade/rest-facade.ts'
import { replyPolicy } from '../soap/reply-policy.ts'
import { createSoapClient } from '../soap/soap-client.ts'
import { rpcMapping } from '../soap-facade/rpc-mapping.ts'
import { createServedDocuments } from '../soap-facade/served-documents.ts'
import { createSoapFacade } from '../soap-facade/soap-facade.ts'
import { openTransport } from '../transport/open-transport.ts'
import { clientGuide } from './client-guide.ts'
import { createLineConverter } from './convert-lines.ts'
import { draftMapping, draftSource } from './draft-mapping.ts'
import { formatInspection, inspectContract } from './inspect-contract.ts'
import { typeScriptClient, typeScriptTypes } from './typescript-source.ts'

/** What the verbs work with; acl-main takes it from the process. */
export type AclSurroundings = {
  /** Lines of stdin. */
  lines: AsyncIterable<string>
  /** @returns when stdout takes more */
  write(text: string): Promise<void>
  writeError(text: string): void
  /** Keeps a server up until a signal comes. */
  untilStopped(): Promise<void>
}

const usage = `acl inspect WSDL [--json]
acl convert WSDL --to json|xml            JSONL on stdin and stdout
acl serve WSDL --endpoint URL [--port N] [--host H] [--log info|warn|error]
                          [--reads OPERATION,…] [--timeout MS] [--outcomes DIR] [--drop-unknown]
acl serve WSDL --facade --upstream URL [--path PATH] [--port N] [--host H] [--log info|warn|error]
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
} as const

type Flags = ReturnType<typeof readArguments>['values']

/** Runs `acl VERB WSDL …`. @returns the exit code: 0 done, 1 failed, 2 bad usage or bad WSDL */
export async function runAcl(args: readonly string[], surroundings: AclSurroundings): Promise<number> {
  try {
    const { values, positionals } = readArguments(args)
    const [verb, wsdl, ...more] = positionals[0] === 'acl' ? positionals.slice(1) : positionals
    if (verb === undefined || wsdl === undefined || more.length > 0) throw badUsage('name a verb and a WSDL')
    if (verb === 'inspect') return await inspect(wsdl, values, surroundings)
    const { contract } = loadContract(wsdl, values.root)
    if (verb === 'convert') return await convert(contract, values, surroundings)
    if (verb === 'serve') return await serve(contract, values, surroundings)
    if (verb === 'generate') return await generate(contract, values, surroundings)
    throw badUsage(`there is no verb ${verb}`)
  } catch (error) {
    surroundings.writeError(`${isToolkitError(error) ? `${error.code}: ` : ''}${messageOf(error)}\n`)
    return isToolkitError(error) && /^(USAGE|CONTRACT)_/.test(error.code) ? 2 : 1
  }
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (cause) {
    throw badUsage(messageOf(cause))
  }
}

function badUsage(message: string): ToolkitError {
  return new ToolkitError('USAGE_INVALID', `${message}\n${usage}`)
}

async function inspect(wsdl: string, { json, root }: Flags, { write }: AclSurroundings): Promise<number> {
  const { inspection, exit } = inspectFile(wsdl, root)
  await write(json ? `${JSON.stringify(inspection)}\n` : formatInspection(inspection))
  return exit
}

function inspectFile(wsdl: string, root: string | undefined) {
  let compilation: Compilation
  try {
    compilation = loadContract(wsdl, root)
  } catch (error) {
    if (!isToolkitError(error)) throw error
    const problems = (error.details.problems ?? []) as readonly {
      path: string
      message: string
      line?: number
    }[]
    const diagnostics = problems.map(
      ({ path, message, line = 1 }): Diagnostic => ({
        severity: 'error',
        file: path.replace(/:\d+$/, ''),
        line,
        message,
      }),
    )
    return { inspection: { operations: [], diagnostics }, exit: 2 }
  }
  const { contract, diagnostics } = compilation
  const inspection = inspectContract(contract, diagnostics)
  if (contract.operations.size > 0) return { inspection, exit: 0 }
  const file = contract.documents[0]?.path ?? wsdl
  const message = 'no service of it has a port with a SOAP binding: nothing can be called'
  const said: Diagnostic = { severity: 'error', file, line: 1, message }
  return { inspection: { operations: [], diagnostics: [...diagnostics, said] }, exit: 2 }
}

async function convert(
  contract: Contract,
  { to }: Flags,
  { lines, write }: AclSurroundings,
): Promise<number> {
  if (to !== 'json' && to !== 'xml') throw badUsage('convert needs --to json or --to xml')
  const answer = createLineConverter(contract, to)
  for await (const line of lines) if (line.trim() !== '') await write(`${answer(line)}\n`)
  return 0
}

async function generate(contract: Contract, { out }: Flags, { write }: AclSurroundings): Promise<number> {
  if (out === undefined) throw badUsage('generate needs --out')
  const files: Record<string, string> = {
    'openapi.json': `${JSON.stringify(openApiDocument(contract, []), null, 2)}\n`,
    'types.ts': typeScriptTypes(contract),
    'client.ts': typeScriptClient(contract),
    'mapping-draft.ts': draftSource(draftMapping(contract)),
    'README.md': clientGuide(contract),
  }
  mkdirSync(out, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(out, name), text)
  await write(`${JSON.stringify({ files: Object.keys(files).map(name => join(out, name)) })}\n`)
  return 0
}

async function serve(contract: Contract, flags: Flags, surroundings: AclSurroundings): Promise<number> {
  const port = Number(flags.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw badUsage('--port takes 0 to 65535')
  if (!['info', 'warn', 'error'].includes(flags.log)) throw badUsage('--log takes info, warn or error')
  const log = createLog('acl', flags.log)
  const { server, close } = flags.facade
    ? soapFacade(contract, flags, log)
    : await restFacade(contract, flags, log)
  const listening = await listen(server, port, flags.host)
  await surroundings.write(`${JSON.stringify({ ready: true, url: listening.url })}\n`)
  await surroundings.untilStopped()
  await listening.close()
  await close()
  return 0
}

async function restFacade(contract: Contract, flags: Flags, log: Log) {
  const { origin, path } = splitUrl('--endpoint', flags.endpoint)
  const reads = flags.reads.split(',').filter(name => name !== '')
  const strangers = reads.filter(name => !contract.operations.has(name))
  if (strangers.length > 0)
    throw badUsage(`--reads names ${strangers.join(', ')}, which the WSDL does not have`)
  const timeoutMs = Number(flags.timeout)
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1) throw badUsage('--timeout takes milliseconds')
  const exchange = createHttpExchange(origin)
  const transport = await openTransport({
    client: createSoapClient(contract, exchange, path, replyPolicy(flags['drop-unknown'], log)),
    reads,
    limits: { timeoutMs },
    ...(flags.outcomes === undefined ? {} : { outcomes: flags.outcomes }),
  })
  const rest = createRestFacade({
    contract,
    soap: transport.soap,
    mappings: [],
    openApi: openApiDocument(contract, [], reads),
  })
  return {
    server: createFacadeServer(rest, log.child({ facade: 'rest' })),
    close: async () => {
      await exchange.close()
      await transport.close()
    },
  }
}

/** The upstream is one that answers POST /rpc/{Operation}, as our REST façade does. */
function soapFacade(contract: Contract, { upstream, path }: Flags, log: Log) {
  splitUrl('--upstream', upstream)
  if (!/^\/[^\s?#]*$/.test(path)) throw badUsage('--path takes a path, such as /soap')
  const exchange = createHttpExchange(upstream!)
  const soap = createSoapFacade({
    contract,
    rest: exchange,
    mappings: [rpcMapping(contract)],
    documents: createServedDocuments(contract.documents),
    path,
  })
  return { server: createFacadeServer(soap, log.child({ facade: 'soap' })), close: () => exchange.close() }
}

function splitUrl(flag: string, text: string | undefined): { origin: string; path: string } {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw badUsage(`${flag} needs an http URL`)
  return { origin: url.origin, path: url.pathname + url.search }
}
