import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { strictRules } from '../codec/decode-element.ts'
import { isJsonObject, type Json, type JsonObject } from '../codec/json.ts'
import { encodeMessage, takeHeaders, withHeaders } from '../codec/message.ts'
import type { Contract, ElementDeclaration, Operation, SoapVersion } from '../contract/contract.ts'
import type { FacadeAnswer, FacadeHandler, FacadeRequest } from '../http/facade.ts'
import { headersBack, headersUpstream } from '../http/forwarded-headers.ts'
import type { HttpExchange, HttpReply } from '../http/http-exchange.ts'
import { extractBinaries } from '../mtom/extract-binaries.ts'
import { attachParts, inlineParts, isMultipart } from '../mtom/inclusions.ts'
import type { ProblemDocument } from '../rest-facade/problem-document.ts'
import type { SecurityCheck } from '../security/verify-username.ts'
import { readEnvelope } from '../soap/read-envelope.ts'
import { mediaTypes, versionOfMediaType } from '../soap/soap-version.ts'
import { type OutgoingFault, plainFault, writeEnvelope, writeFault } from '../soap/write-envelope.ts'
import { decodeXmlBytes } from '../xml/decode-bytes.ts'
import type { QualifiedName } from '../xml/qualified-name.ts'
import { faultOfProblem, typedFault } from './fault-of-problem.ts'
import { faultOfRefusal, statusOfFault } from './refusal-faults.ts'
import type { ServedDocuments } from './served-documents.ts'
import type { InvalidMessage, SoapMapping, SoapOperationMapping } from './soap-mapping.ts'

export type SoapFacadeParts = {
  contract: Contract
  rest: HttpExchange
  mappings: readonly SoapMapping[]
  documents: ServedDocuments
  /** Where the service answers and shows its WSDL, such as `/soap`. */
  path: string
  /** What every request has to prove. */
  security?: SecurityCheck
}

type Mapped = { operation: Operation; mapping: SoapMapping; calls: SoapOperationMapping }

const bodyLimit = 10 * 1024 * 1024
/** Bytes of a value that goes into a part of its own, for a client that sends parts itself. */
const attachAbove = 1_024

/** SOAP over REST: the operations of the mappings behind the contract's own WSDL, in SOAP 1.1 and 1.2 at once. */
export function createSoapFacade({
  contract,
  rest,
  mappings,
  documents,
  path,
  security,
}: SoapFacadeParts): FacadeHandler {
  const byElement = new Map<QualifiedName | undefined, Mapped[]>()
  const headerBlocks = new Map<QualifiedName, ElementDeclaration>()
  for (const mapping of mappings)
    for (const [name, calls] of Object.entries(mapping.operations)) {
      const operation = contract.operations.get(name)
      if (operation === undefined)
        throw new ToolkitError(
          'MAPPING_INVALID',
          `mapping ${mapping.name} names operation ${name}, which the WSDL does not have`,
        )
      const element = operation.input.element?.name
      byElement.set(element, [...(byElement.get(element) ?? []), { operation, mapping, calls }])
      for (const element of operation.input.headers ?? []) headerBlocks.set(element.name, element)
    }

  const answerMessage = async (request: FacadeRequest): Promise<FacadeAnswer> => {
    const sent = request.headers['content-type'] ?? mediaTypes['1.1']
    let contentType = sent
    let version: SoapVersion = versionOfMediaType(contentType) ?? '1.1'
    let target: Mapped | undefined
    const blocks: Json[] = []
    const prove = () => {
      if (blocks.length > 1) throw new ToolkitError('SECURITY_INVALID', 'there are two Security headers')
      security?.verify(blocks[0])
    }
    const take = (block: Json) => {
      blocks.push(block)
      prove()
    }
    try {
      let { body } = request
      if (isMultipart(sent)) {
        const plain = inlineParts(body, sent, bodyLimit)
        contentType = plain.contentType
        body = plain.body
      }
      if (versionOfMediaType(contentType) === undefined)
        throw new ToolkitError('MEDIA_TYPE_UNSUPPORTED', 'send text/xml or application/soap+xml')
      const content = await readEnvelope(decodeXmlBytes(body, contentType), {
        contract,
        rules: () => ({ ...strictRules, childOrder: target?.mapping.childOrder ?? 'schema' }),
        elementFor(name, envelopeVersion) {
          version = envelopeVersion
          // Of who has proved nothing, not even the Body is looked at.
          if (blocks.length === 0) prove()
          target = findTarget(byElement, name, request)
          const { input } = target.operation
          return input.element === undefined ? undefined : input
        },
        headerFor(name) {
          if (name === security?.header) return { ...security.declaration, take }
          const element = headerBlocks.get(name)
          return element === undefined ? undefined : { element, contract }
        },
      })
      const [strange] = content.mustUnderstand.filter(
        name => !headerBlocks.has(name) && name !== security?.header,
      )
      if (strange !== undefined)
        throw new ToolkitError('HEADER_NOT_UNDERSTOOD', `header ${strange} is not understood`)
      if (content.kind === 'fault' || target === undefined)
        throw new ToolkitError('ENVELOPE_INVALID', 'the SOAP envelope holds a fault, not a request')
      const { headers = [] } = target.operation.input
      const own = content.headers.filter(({ name }) => headers.some(header => header.name === name))
      return await callRest(
        request,
        target,
        version,
        withHeaders(content.json, own) as JsonObject,
        isMultipart(sent),
      )
    } catch (error) {
      return faultAnswer(version, target, invalidFault(error, target) ?? faultOfRefusal(error), error)
    }
  }

  const callRest = async (
    request: FacadeRequest,
    { operation, mapping, calls }: Mapped,
    version: SoapVersion,
    input: JsonObject,
    mtom: boolean,
  ): Promise<FacadeAnswer> => {
    const call = calls.call(input)
    const reply = await rest.send({
      method: call.method,
      path: call.path,
      headers: {
        ...headersUpstream(request.headers, request.trace),
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    })
    const route = `${path}#${operation.name}`
    const headers = headersBack(reply.headers)
    const body = readReply(reply)
    if (reply.status >= 200 && reply.status < 300) {
      const message = operation.output ?? { name: operation.name }
      const parts = new Map<string, Buffer>()
      const xml = encodeReply(operation, () => {
        const { headers: blocks, body: given } = takeHeaders(message, calls.reply(body ?? null), contract)
        const { json, binaries } = extractBinaries(message, given, contract, mtom ? attachAbove : Infinity)
        for (const [token, bytes] of binaries) parts.set(token, bytes)
        return writeEnvelope(version, encodeMessage(message, json, contract), blocks)
      })
      if (parts.size === 0)
        return { route, status: 200, headers: { ...headers, ...typeOf(version) }, body: xml }
      const attached = attachParts(xml, version, parts)
      return {
        route,
        status: 200,
        headers: { ...headers, 'content-type': attached.contentType },
        body: '',
        bytes: attached.body,
      }
    }
    const problem = isJsonObject(body) ? (body as ProblemDocument) : undefined
    const typed = problem === undefined ? undefined : mapping.faultOf(problem, input)
    const fault = faultOfProblem(reply.status, problem, typed, operation)
    const error =
      reply.status >= 500
        ? new ToolkitError('UPSTREAM_REPLY_INVALID', `the service answered ${reply.status}`)
        : undefined
    return faultAnswer(version, { operation, mapping, calls }, fault, error, headers)
  }

  const faultAnswer = (
    version: SoapVersion,
    target: Mapped | undefined,
    { fault, status }: { fault: OutgoingFault; status?: number },
    error?: unknown,
    headers: Record<string, string | string[]> = {},
  ): FacadeAnswer => ({
    route: target === undefined ? path : `${path}#${target.operation.name}`,
    status: status ?? statusOfFault(version, fault),
    headers: { ...headers, ...typeOf(version) },
    body: writeFault(version, fault, contract),
    ...(error === undefined ? {} : { error }),
  })

  const answerDocument = (request: FacadeRequest): FacadeAnswer => {
    const text = documents.find(request.query, `http://${hostOf(request)}${path}`)
    if (text === undefined) return textAnswer(404, `ask for ${path}?wsdl\n`)
    return {
      route: `${path}?wsdl`,
      status: 200,
      headers: { 'content-type': 'text/xml; charset=utf-8' },
      body: text,
    }
  }

  return {
    bodyLimit: () => bodyLimit,
    refuse: (refusal, request) => {
      const version = versionOfMediaType(request.headers['content-type'] ?? '') ?? '1.1'
      const [status, reason] =
        refusal === 'too-large'
          ? [413, `the request is larger than ${bodyLimit} bytes`]
          : refusal === 'encoded'
            ? [415, 'a compressed request is not accepted']
            : [400, 'the request was cut off']
      return faultAnswer(version, undefined, {
        fault: plainFault('Client', reason as string),
        status: status as number,
      })
    },
    async handle(request) {
      if (request.path !== path) return textAnswer(404, 'not found\n')
      if (request.method === 'GET' || request.method === 'HEAD') return answerDocument(request)
      if (request.method === 'POST') return answerMessage(request)
      const refused = { fault: plainFault('Client', 'send a SOAP request by POST'), status: 405 }
      return faultAnswer('1.1', undefined, refused, undefined, { allow: 'GET, HEAD, POST' })
    },
  }
}

/**
 * Routes by what the Body holds; an action that names another operation would let a write pass for a read. Where
 * overloads have the same element, as in rpc style, the action tells which is meant.
 */
function findTarget(
  byElement: ReadonlyMap<QualifiedName | undefined, readonly Mapped[]>,
  name: QualifiedName | undefined,
  request: FacadeRequest,
): Mapped {
  const targets = byElement.get(name) ?? []
  const actions = actionsOf(request)
  const target = targets.find(one => actions.every(action => hasAction(one, action))) ?? targets[0]
  if (target === undefined)
    throw new ToolkitError('OPERATION_UNKNOWN', `no operation here takes ${name ?? 'an empty Body'}`)
  const { operation } = target
  if (operation.unsupported.length > 0)
    throw new ToolkitError('OPERATION_UNSUPPORTED', `operation ${operation.name} is not supported`)
  for (const action of actions)
    if (!hasAction(target, action))
      throw new ToolkitError('ACTION_CONTRADICTS', 'the SOAPAction and the Body name different operations')
  return target
}

function hasAction({ operation }: Mapped, action: string): boolean {
  return [...operation.actions.values()].includes(action)
}

/** SOAPAction (SOAP 1.1 §6.1.1) and the action parameter of the media type (RFC 3902); empty ones say nothing. */
function actionsOf({ headers }: FacadeRequest): string[] {
  const header = headers.soapaction
  const parameter = /;\s*action\s*=\s*(?:"([^"]*)"|([^\s;]+))/i.exec(headers['content-type'] ?? '')
  return [typeof header === 'string' ? header : '', parameter?.[1] ?? parameter?.[2] ?? '']
    .map(text => text.trim().replace(/^"(.*)"$/, '$1'))
    .filter(text => text !== '')
}

function invalidFault(error: unknown, target: Mapped | undefined) {
  if (!isToolkitError(error, 'MESSAGE_INVALID') || target === undefined) return undefined
  const typed = target.mapping.faultOfInvalid(target.operation.name, {
    path: '',
    expected: [],
    unexpected: undefined,
    content: undefined,
    ...error.details,
  } as InvalidMessage)
  const fault = typed === undefined ? undefined : typedFault(typed, target.operation)
  return fault === undefined ? undefined : { fault }
}

function encodeReply(operation: Operation, encode: () => string): string {
  try {
    return encode()
  } catch (cause) {
    throw new ToolkitError(
      'UPSTREAM_REPLY_INVALID',
      `the service's answer is not a reply of ${operation.name}: ${messageOf(cause)}`,
      { cause },
    )
  }
}

function readReply({ body, headers }: HttpReply): Json | undefined {
  if (!/^application\/(problem\+)?json\b/.test(String(headers['content-type'] ?? ''))) return undefined
  try {
    return JSON.parse(body.toString('utf8')) as Json
  } catch {
    return undefined
  }
}

function typeOf(version: SoapVersion): Record<string, string> {
  return { 'content-type': `${mediaTypes[version]}; charset=utf-8` }
}

function textAnswer(status: number, body: string): FacadeAnswer {
  return { route: 'none', status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
}

/** The Host header ends up in the WSDL, so it must look like a host and nothing else. */
function hostOf({ headers }: FacadeRequest): string {
  const host = headers.host ?? ''
  return /^([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?$/.test(host) ? host : 'localhost'
}
