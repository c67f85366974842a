import { invalidInput } from '@strangler/kit/problem.ts'
import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Json } from '../codec/json.ts'
import { parseJson } from '../codec/parse-json.ts'
import { type StreamedArray, streamedArrayOfMessage } from '../codec/streamed-array.ts'
import type { Contract, Operation } from '../contract/contract.ts'
import type { BodyRefusal, FacadeAnswer, FacadeHandler, FacadeRequest } from '../http/facade.ts'
import { headersBack, headersUpstream } from '../http/forwarded-headers.ts'
import type { SoapClient, SoapOutcome } from '../soap/soap-client.ts'
import { type DescribedApi, docsPage, docsPolicy } from './docs-page.ts'
import { createDocumentWriter, createLineWriter, type ItemWriter } from './item-writer.ts'
import { matchResource } from './match-resource.ts'
import { negotiate } from './negotiate.ts'
import { type ProblemDocument, problemOfError, problemOfFault } from './problem-document.ts'
import type { RestAnswer, RestMapping, RestResource } from './rest-mapping.ts'
import { streamAnswer, writeWhole } from './stream-answer.ts'
import { isOneDocument, readXmlDocument, writeXmlDocument, writeXmlProblem } from './xml-document.ts'

export type RestFacadeParts = {
  contract: Contract
  soap: SoapClient
  mappings: readonly RestMapping[]
  /** Served at /openapi.json, and as HTML at /docs. */
  openApi: DescribedApi
}

const rpcBodyLimit = 1024 * 1024
const jsonType = 'application/json; charset=utf-8'
const xmlType = 'application/xml; charset=utf-8'
const rpcRoute = '/rpc/{Operation}'
const rpcResources = [{ method: 'POST', path: rpcRoute }]
type RpcType = 'application/json' | 'application/xml' | 'application/x-ndjson'
const jsonTypes = ['application/json'] as const
const rpcTypes = ['application/json', 'application/xml'] as const
const docsHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': docsPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}
const problemType = 'application/problem+json; charset=utf-8'

type Resource = RestResource & { mapping: RestMapping }

/** REST over SOAP: the resources of the mappings, and POST /rpc/{Operation} for every operation of the contract. */
export function createRestFacade({ contract, soap, mappings, openApi }: RestFacadeParts): FacadeHandler {
  const resources: Resource[] = mappings.flatMap(mapping =>
    mapping.resources.map(resource => ({ ...resource, mapping })),
  )
  refuseContradictions(contract, mappings)
  const openApiText = JSON.stringify(openApi)
  const docsText = docsPage(openApi)

  const operationNamed = (name: string): Operation => {
    const operation = contract.operations.get(name)
    if (operation === undefined)
      throw new ToolkitError('NOT_FOUND', `there is no operation ${name.slice(0, 100)}`)
    return operation
  }

  const streamedArrays = new Map<Operation, StreamedArray | undefined>()
  const streamedArray = (operation: Operation): StreamedArray | undefined => {
    const { output } = operation
    if (output !== undefined && !streamedArrays.has(operation))
      streamedArrays.set(operation, streamedArrayOfMessage(output, contract.prefixes))
    return streamedArrays.get(operation)
  }

  const call = (request: FacadeRequest, operation: Operation, input: Json): Promise<SoapOutcome> =>
    soap.call(operation, input, headersUpstream(request.headers, request.trace))

  const answerRpc = async (request: FacadeRequest, name: string): Promise<FacadeAnswer> => {
    const operation = operationNamed(name)
    refuseRehearsal(request)
    const array = streamedArray(operation)
    const type = acceptedType(request, operation, array)
    const xml = type === 'application/xml'
    const input = await readMessage(request, operation, contract)
    if (array !== undefined && !xml) {
      const writer =
        type === 'application/json' ? createDocumentWriter(array.path) : createLineWriter(array.path)
      return await answerItems(request, operation, input, writer)
    }
    const outcome = await call(request, operation, input)
    const headers = headersBack(outcome.headers)
    if (outcome.kind === 'fault')
      return problemAnswer(
        rpcRoute,
        problemOfFault(outcome.fault, operation, instanceOf(request)),
        headers,
        xml,
      )
    const status = operation.output === undefined ? 202 : 200
    if (xml && operation.output !== undefined)
      return {
        route: rpcRoute,
        status,
        headers: { ...headers, 'content-type': xmlType },
        body: writeXmlDocument(operation.output, outcome.json, contract),
      }
    return {
      route: rpcRoute,
      status,
      headers: { ...headers, 'content-type': jsonType },
      body: JSON.stringify(outcome.json),
    }
  }

  /** An answer with a list in it, written while the reply comes in where that is long. */
  const answerItems = async (
    request: FacadeRequest,
    operation: Operation,
    input: Json,
    writer: ItemWriter,
  ): Promise<FacadeAnswer> => {
    const outcome = await soap.stream(operation, input, headersUpstream(request.headers, request.trace))
    const back = headersBack(outcome.headers)
    const answer =
      outcome.kind === 'parts'
        ? await streamAnswer(outcome, writer)
        : outcome.kind === 'reply'
          ? writeWhole(outcome.json, writer)
          : outcome
    if (answer.kind === 'fault')
      return problemAnswer(rpcRoute, problemOfFault(answer.fault, operation, instanceOf(request)), back)
    const { text: body, parts } = answer
    const headers = { ...back, 'content-type': writer.type }
    return { route: rpcRoute, status: 200, headers, body, ...(parts === undefined ? {} : { parts }) }
  }

  const answerResource = async (
    request: FacadeRequest,
    resource: Resource,
    parameters: Record<string, string>,
  ): Promise<FacadeAnswer> => {
    const { mapping, path: route } = resource
    if (resource.method !== 'GET') refuseRehearsal(request)
    if (negotiate(request.headers.accept, jsonTypes) === undefined) throw notAcceptable(jsonTypes)
    const body = resource.request === undefined ? null : readDocument(request)
    const rest = { path: request.path, parameters, query: request.query, body }
    const mapped = resource.input(rest)
    if ('answer' in mapped) return restAnswer(route, mapped.answer, {})
    const operation = operationNamed(resource.operation)
    const outcome = await call(request, operation, mapped.input)
    const headers = headersBack(outcome.headers)
    if (outcome.kind === 'reply') return restAnswer(route, resource.answer(outcome.json, rest), headers)
    const problem =
      mapping.problemOf(outcome.fault) ?? problemOfFault(outcome.fault, operation, instanceOf(request))
    return problemAnswer(route, problem, headers)
  }

  const route = (request: FacadeRequest): Promise<FacadeAnswer> | FacadeAnswer => {
    const { method, path } = request
    if (method === 'GET' || method === 'HEAD') {
      if (path === '/openapi.json')
        return { route: path, status: 200, headers: { 'content-type': jsonType }, body: openApiText }
      if (path === '/docs') return { route: path, status: 200, headers: docsHeaders, body: docsText }
    }
    const rpc = matchResource(rpcResources, method, path)
    const match = rpc ?? matchResource(resources, method, path)
    if (match === undefined) throw new ToolkitError('NOT_FOUND', `nothing is at ${path}`)
    if ('allow' in match) return methodAnswer(method, match.allow)
    if ('mapping' in match.resource)
      return answerResource(request, match.resource as Resource, match.parameters)
    return answerRpc(request, match.parameters.Operation!)
  }

  const bodyLimit = (method: string, path: string) =>
    matchSafely(resources, method, path)?.mapping.bodyLimit ?? rpcBodyLimit

  const refusalError = (refusal: BodyRefusal, { method, path }: Pick<FacadeRequest, 'method' | 'path'>) => {
    if (refusal === 'encoded')
      return new ToolkitError('MEDIA_TYPE_UNSUPPORTED', 'a compressed body is not accepted')
    if (refusal === 'aborted') return new ToolkitError('BAD_REQUEST', 'the body was cut off')
    const limit = bodyLimit(method, path)
    return new ToolkitError('BODY_TOO_LARGE', `the body is over the limit of ${limit} bytes`)
  }

  return {
    bodyLimit,
    refuse: (refusal, request) => failure('none', refusalError(refusal, request), instanceOf(request)),
    async handle(request) {
      try {
        return await route(request)
      } catch (error) {
        const template = matchSafely(resources, request.method, request.path)?.path ?? 'none'
        return failure(template, error, instanceOf(request), wantsXml(request))
      }
    },
  }
}

/** @throws ToolkitError MAPPING_INVALID for an operation that is not there, or a GET of one not declared to read */
function refuseContradictions({ operations }: Contract, mappings: readonly RestMapping[]): void {
  const problems = mappings.flatMap(({ name, reads, resources }) => [
    ...[...reads, ...resources.map(({ operation }) => operation)]
      .filter(operation => !operations.has(operation))
      .map(operation => ({ path: `${name}.${operation}`, message: 'the WSDL does not have it' })),
    ...resources
      .filter(({ method, operation }) => method === 'GET' && !reads.includes(operation))
      .map(({ operation, path }) => ({
        path: `${name}.${operation}`,
        message: `is GET ${path} and not among the reads`,
      })),
  ])
  if (problems.length > 0) throw invalidInput('MAPPING_INVALID', 'the REST mappings', problems)
}

function matchSafely(resources: readonly Resource[], method: string, path: string): Resource | undefined {
  try {
    const match = matchResource(resources, method, path)
    return match !== undefined && 'resource' in match ? match.resource : undefined
  } catch {
    return undefined
  }
}

/** The monolith cannot run a write and take it back, so a rehearsal sent here by mistake must not reach it. */
function refuseRehearsal({ headers }: FacadeRequest): void {
  if (headers['strangler-rehearsal'] !== undefined)
    throw new ToolkitError('REHEARSAL_UNSUPPORTED', 'the legacy side cannot rehearse a write')
}

function acceptedType(
  { headers }: FacadeRequest,
  { output }: Operation,
  array: StreamedArray | undefined,
): RpcType {
  const offered: RpcType[] = output === undefined || isOneDocument(output) ? [...rpcTypes] : [...jsonTypes]
  // Lines have no place for what else the reply holds.
  if (array?.beside.length === 0) offered.push('application/x-ndjson')
  const type = negotiate<RpcType>(headers.accept, offered)
  if (type === undefined) throw notAcceptable(offered)
  return type
}

function wantsXml({ path, headers }: FacadeRequest): boolean {
  return path.startsWith('/rpc/') && negotiate<RpcType>(headers.accept, rpcTypes) === 'application/xml'
}

function notAcceptable(offered: readonly string[]): ToolkitError {
  return new ToolkitError('NOT_ACCEPTABLE', `the answer can be ${offered.join(' or ')}`)
}

/** @throws ToolkitError JSON_MALFORMED, XML_REFUSED, VALUE_REFUSED, MEDIA_TYPE_UNSUPPORTED */
async function readMessage(request: FacadeRequest, { input }: Operation, contract: Contract): Promise<Json> {
  const contentType = request.headers['content-type'] ?? ''
  if (!/^\s*(?:application|text)\/xml\b/i.test(contentType)) return readJson(request)
  try {
    return await readXmlDocument(input, request.body, contentType, contract)
  } catch (cause) {
    if (!isToolkitError(cause)) throw cause
    if (cause.code.startsWith('XML_')) throw new ToolkitError('XML_REFUSED', cause.message, { cause })
    if (cause.code !== 'MESSAGE_INVALID') throw cause
    const { path } = cause.details as { path: string }
    throw invalidInput('VALUE_REFUSED', input.name, [{ path, message: cause.message }])
  }
}

/** A document: an object or an array. */
function readDocument(request: FacadeRequest): Json {
  const json = readJson(request)
  if (typeof json !== 'object' || json === null)
    throw new ToolkitError('JSON_MALFORMED', 'the body is not JSON')
  return json
}

function readJson({ headers, body }: FacadeRequest): Json {
  if (body.length === 0) throw new ToolkitError('JSON_MALFORMED', 'the body is missing')
  const type = (headers['content-type'] ?? '').toLowerCase()
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/.exec(type)?.[1] ?? 'utf-8'
  if (type.split(';', 1)[0]!.trim() !== 'application/json' || charset !== 'utf-8')
    throw new ToolkitError('MEDIA_TYPE_UNSUPPORTED', 'the body must be application/json in UTF-8')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch (cause) {
    throw new ToolkitError('JSON_MALFORMED', 'the body is not UTF-8', { cause })
  }
  return parseJson(text)
}

function restAnswer(
  route: string,
  answer: RestAnswer,
  headers: Record<string, string | string[]>,
): FacadeAnswer {
  if ('problem' in answer) return problemAnswer(route, answer.problem, headers)
  return {
    route,
    status: answer.status,
    headers: { ...headers, ...answer.headers, 'content-type': jsonType },
    body: JSON.stringify(answer.body),
  }
}

function problemAnswer(
  route: string,
  problem: ProblemDocument,
  headers: Record<string, string | string[]>,
  xml = false,
): FacadeAnswer {
  return {
    route,
    status: problem.status,
    headers: { ...headers, 'content-type': xml ? 'application/problem+xml; charset=utf-8' : problemType },
    body: xml ? writeXmlProblem(problem) : JSON.stringify(problem),
  }
}

function methodAnswer(method: string, allow: string): FacadeAnswer {
  if (method === 'OPTIONS') return { route: 'none', status: 204, headers: { allow }, body: '' }
  const error = new ToolkitError('METHOD_NOT_ALLOWED', `${method} is not allowed here`)
  return problemAnswer('none', problemOfError(error, ''), { allow })
}

function failure(route: string, error: unknown, instance: string, xml = false): FacadeAnswer {
  const problem = problemOfError(error, instance)
  const headers: Record<string, string> = problem.status === 503 ? { 'retry-after': '1' } : {}
  return { ...problemAnswer(route, problem, headers, xml), error }
}

function instanceOf({ trace }: Pick<FacadeRequest, 'trace'>): string {
  return `urn:trace:${trace.traceId}`
}
