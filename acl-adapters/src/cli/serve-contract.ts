import { readFileSync } from 'node:fs'
import { listen } from '@strangler/kit/listen.ts'
import { createLog, type Log } from '@strangler/kit/log.ts'
import type { Contract } from '../contract/contract.ts'
import { createHttpExchange } from '../http/http-exchange.ts'
import { createFacadeServer } from '../http/serve-facade.ts'
import { createMtomClient } from '../mtom/mtom-client.ts'
import { openApiDocument } from '../rest-facade/open-api.ts'
import { createRestFacade } from '../rest-facade/rest-facade.ts'
import {
  certificateSeal,
  type SealEnvelope,
  sealedExchange,
  usernameSeal,
} from '../security/outgoing-security.ts'
import { readCredentials, usernameCheckFrom } from '../security/security-files.ts'
import { replyPolicy } from '../soap/reply-policy.ts'
import { createSoapClient } from '../soap/soap-client.ts'
import { rpcMapping } from '../soap-facade/rpc-mapping.ts'
import { createServedDocuments } from '../soap-facade/served-documents.ts'
import { createSoapFacade } from '../soap-facade/soap-facade.ts'
import { openTransport } from '../transport/open-transport.ts'
import { badUsage, type Flags, readsIn, splitUrl } from './acl-arguments.ts'
import { loadRestMappings, loadSoapMappings } from './load-mappings.ts'
import type { AclSurroundings } from './run-acl.ts'

/** Serves one of the two façades until it is told to stop. @returns the exit code */
export async function serveContract(
  contract: Contract,
  flags: Flags,
  surroundings: Pick<AclSurroundings, 'write' | 'untilStopped'>,
): Promise<number> {
  const port = Number(flags.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw badUsage('--port takes 0 to 65535')
  if (!['info', 'warn', 'error'].includes(flags.log)) throw badUsage('--log takes info, warn or error')
  const log = createLog('acl', flags.log)
  const { server, close } = flags.facade
    ? await soapFacade(contract, flags, log)
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
  const mappings = await loadRestMappings(flags.mapping)
  const reads = [...readsIn(contract, flags), ...mappings.flatMap(mapping => mapping.reads)]
  const timeoutMs = Number(flags.timeout)
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1) throw badUsage('--timeout takes milliseconds')
  const above = flags.mtom === undefined ? undefined : Number(flags.mtom)
  if (above !== undefined && !(above >= 0)) throw badUsage('--mtom takes a number of bytes')
  if (above !== undefined && flags['sign-key'] !== undefined)
    throw badUsage('--mtom takes bytes out of the envelope that --sign-key signs: give one of them')
  const seals = await sealsOf(flags)
  const exchange = createHttpExchange(origin)
  const policy = replyPolicy(flags['drop-unknown'], log)
  const transport = await openTransport({
    client: createMtomClient(contract, exchange, above, over =>
      createSoapClient(contract, seals.reduce(sealedExchange, over), path, policy),
    ),
    reads,
    limits: { timeoutMs },
    ...(flags.outcomes === undefined ? {} : { outcomes: flags.outcomes }),
  })
  const rest = createRestFacade({
    contract,
    soap: transport.soap,
    mappings,
    openApi: openApiDocument(contract, mappings, reads),
  })
  return {
    server: createFacadeServer(rest, log.child({ facade: 'rest' })),
    close: async () => {
      await exchange.close()
      await transport.close()
    },
  }
}

/** Without mappings the upstream is one that answers POST /rpc/{Operation}, as our REST façade does. */
async function soapFacade(contract: Contract, flags: Flags, log: Log) {
  const { upstream, path } = flags
  const users = flags['wsse-users']
  splitUrl('--upstream', upstream)
  if (!/^\/[^\s?#]*$/.test(path)) throw badUsage('--path takes a path, such as /soap')
  const mappings = await loadSoapMappings(flags.mapping)
  const exchange = createHttpExchange(upstream!)
  const soap = createSoapFacade({
    contract,
    rest: exchange,
    mappings: mappings.length === 0 ? [rpcMapping(contract)] : mappings,
    documents: createServedDocuments(contract.documents),
    path,
    ...(users === undefined ? {} : { security: usernameCheckFrom(users) }),
  })
  return { server: createFacadeServer(soap, log.child({ facade: 'soap' })), close: () => exchange.close() }
}

/** What goes into every envelope; a signature last, since it covers what is there. */
async function sealsOf(flags: Flags): Promise<SealEnvelope[]> {
  const token = flags['username-token']
  const key = flags['sign-key']
  const certificate = flags['sign-certificate']
  if ((key === undefined) !== (certificate === undefined))
    throw badUsage('--sign-key and --sign-certificate belong together')
  return [
    ...(key === undefined || certificate === undefined
      ? []
      : [await certificateSeal(readFileSync(key, 'utf8'), readFileSync(certificate, 'utf8'))]),
    ...(token === undefined ? [] : [usernameSeal(readCredentials(token), Date.now)]),
  ]
}
