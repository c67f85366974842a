import { listen } from '@strangler/kit/listen.ts'
import type { Log } from '@strangler/kit/log.ts'
import { formatProblem } from '@strangler/kit/problem.ts'
import { endpointPath } from './contract/endpoint-path.ts'
import { loadContract } from './contract/load-contract.ts'
import { createExchangeByPath } from './http/exchange-by-path.ts'
import { createHttpExchange } from './http/http-exchange.ts'
import { createFacadeServer } from './http/serve-facade.ts'
import { createMtomClient } from './mtom/mtom-client.ts'
import { openApiDocument } from './rest-facade/open-api.ts'
import { createRestFacade } from './rest-facade/rest-facade.ts'
import type { RestMapping } from './rest-facade/rest-mapping.ts'
import { type SealEnvelope, sealedExchange } from './security/outgoing-security.ts'
import type { SecurityCheck } from './security/verify-username.ts'
import { replyPolicy } from './soap/reply-policy.ts'
import { createSoapClient } from './soap/soap-client.ts'
import { createServedDocuments } from './soap-facade/served-documents.ts'
import { createSoapFacade } from './soap-facade/soap-facade.ts'
import type { SoapMapping } from './soap-facade/soap-mapping.ts'
import type { CallLimits } from './transport/call-limits.ts'
import { openTransport } from './transport/open-transport.ts'

export type AdaptersParts = {
  host: string
  restPort: number
  facadePort: number
  /** Path of the WSDL. Its address says where the monolith answers, unless `monolithUrl` has a path. */
  wsdl: string
  monolithUrl: string
  serviceUrl: string
  /** Services that answer some of the paths instead, by the path above all of theirs, such as `/products`. */
  serviceUrls?: Readonly<Record<string, string>>
  restMappings: readonly RestMapping[]
  soapMappings: readonly SoapMapping[]
  /** What every SOAP request to the services has to prove. */
  security?: SecurityCheck
  /** What is added to every envelope for the monolith. */
  seals?: readonly SealEnvelope[]
  /** Of the calls to the monolith. */
  limits?: Partial<CallLimits>
  /** Whether elements of the monolith's replies that its WSDL does not have are dropped, with a warning. */
  dropUnknown?: boolean
  /** Folder where the outcomes of writes to the monolith are kept by their Idempotency-Key. */
  outcomes?: string
  log: Log
}

export type Adapters = { restUrl: string; facadeUrl: string; close(): Promise<void> }

/** Both façades of one contract, each on its own listener: REST over the monolith, SOAP over the service. */
export async function startAdapters(parts: AdaptersParts): Promise<Adapters> {
  const { host, log, restMappings, soapMappings } = parts
  const { contract, diagnostics } = loadContract(parts.wsdl)
  for (const { severity, file, line, message } of diagnostics)
    log.warn({ severity }, formatProblem({ path: '', message, line }, file))
  const { origin, pathname } = new URL(parts.monolithUrl)
  const path = pathname === '/' ? endpointPath(contract.documents) : pathname
  const monolith = createHttpExchange(origin)
  const service = createExchangeByPath(parts.serviceUrls ?? {}, parts.serviceUrl)
  const transport = await openTransport({
    client: createMtomClient(contract, monolith, undefined, exchange =>
      createSoapClient(
        contract,
        (parts.seals ?? []).reduce(sealedExchange, exchange),
        path,
        replyPolicy(parts.dropUnknown === true, log),
      ),
    ),
    reads: restMappings.flatMap(({ reads }) => reads),
    ...(parts.limits === undefined ? {} : { limits: parts.limits }),
    ...(parts.outcomes === undefined ? {} : { outcomes: parts.outcomes }),
  })
  if (parts.outcomes === undefined)
    log.warn('outcomes of writes are forgotten when this process ends: OUTCOMES names no folder')
  const rest = createRestFacade({
    contract,
    soap: transport.soap,
    mappings: restMappings,
    openApi: openApiDocument(contract, restMappings),
  })
  const soap = createSoapFacade({
    contract,
    rest: service,
    mappings: soapMappings,
    documents: createServedDocuments(contract.documents),
    path,
    ...(parts.security === undefined ? {} : { security: parts.security }),
  })
  const restListening = await listen(
    createFacadeServer(rest, log.child({ facade: 'rest' })),
    parts.restPort,
    host,
  )
  const facadeListening = await listen(
    createFacadeServer(soap, log.child({ facade: 'soap' })),
    parts.facadePort,
    host,
  )
  return {
    restUrl: restListening.url,
    facadeUrl: facadeListening.url,
    async close() {
      await Promise.all([restListening.close(), facadeListening.close()])
      await Promise.all([monolith.close(), service.close()])
      await transport.close()
    },
  }
}
