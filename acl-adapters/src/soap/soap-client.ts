import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type DecodeRules, type DecodeWarning, replyRules } from '../codec/decode-element.ts'
import type { Json } from '../codec/json.ts'
import { encodeMessage, takeHeaders, withHeaders } from '../codec/message.ts'
import type { Contract, Operation, SoapVersion } from '../contract/contract.ts'
import type { HttpExchange, HttpReply } from '../http/http-exchange.ts'
import { decodeXmlBytes } from '../xml/decode-bytes.ts'
import { readEnvelope } from './read-envelope.ts'
import type { SoapFault } from './soap-fault.ts'
import { mediaTypes, versionOfMediaType } from './soap-version.ts'
import { writeEnvelope } from './write-envelope.ts'

export type SoapOutcome = { headers: HttpReply['headers'] } & (
  | { kind: 'reply'; json: Json }
  | { kind: 'fault'; fault: SoapFault }
)

export type SoapClient = {
  /**
   * Calls an operation once.
   * @param headers sent as they are, beside Content-Type and SOAPAction
   * @param timeoutMs to the end of the reply, instead of the exchange's own limit
   * @throws ToolkitError VALUE_REFUSED (the input), OPERATION_UNSUPPORTED, UPSTREAM_* (see HttpExchange),
   * UPSTREAM_REPLY_EMPTY, UPSTREAM_REPLY_NOT_SOAP, UPSTREAM_REPLY_INVALID
   */
  call(
    operation: Operation,
    input: Json,
    headers: Record<string, string>,
    timeoutMs?: number,
  ): Promise<SoapOutcome>
}

/** What a reply may have that its schema does not; what is dropped is told by `warn`. */
export type ReplyPolicy = {
  unknown: DecodeRules['unknown']
  warn?(operation: string, warnings: readonly DecodeWarning[]): void
}

/** @param path where the service answers, such as `/soap` */
export function createSoapClient(
  contract: Contract,
  exchange: HttpExchange,
  path: string,
  policy: ReplyPolicy = { unknown: replyRules.unknown },
): SoapClient {
  const rules: DecodeRules = { ...replyRules, unknown: policy.unknown }
  return {
    async call(operation, input, headers, timeoutMs) {
      if (operation.unsupported.length > 0)
        throw new ToolkitError(
          'OPERATION_UNSUPPORTED',
          `${operation.name}: ${operation.unsupported.join('; ')}`,
        )
      const version: SoapVersion = operation.actions.has('1.1') ? '1.1' : '1.2'
      const { headers: blocks, body: json } = takeHeaders(operation.input, input, contract)
      const body = writeEnvelope(version, encodeMessage(operation.input, json, contract), blocks)
      const reply = await exchange.send({
        method: 'POST',
        path,
        headers: { ...headers, ...soapHeaders(version, operation.actions.get(version) ?? '') },
        body,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })
      return { headers: reply.headers, ...(await readReply(contract, operation, reply, rules, policy)) }
    },
  }
}

function soapHeaders(version: SoapVersion, action: string): Record<string, string> {
  const type = `${mediaTypes[version]}; charset=utf-8`
  if (version === '1.1') return { 'content-type': type, soapaction: `"${action}"` }
  return { 'content-type': action === '' ? type : `${type}; action="${action}"` }
}

async function readReply(
  contract: Contract,
  operation: Operation,
  reply: HttpReply,
  rules: DecodeRules,
  { warn }: ReplyPolicy,
) {
  if (reply.body.length === 0) {
    if (operation.output === undefined && reply.status < 300)
      return { kind: 'reply', json: Object.create(null) } as const
    throw unreadable('UPSTREAM_REPLY_EMPTY', reply, 'an empty body')
  }
  const contentType = String(reply.headers['content-type'] ?? '')
  if (contentType !== '' && versionOfMediaType(contentType) === undefined)
    throw unreadable('UPSTREAM_REPLY_NOT_SOAP', reply, contentType.slice(0, 80))
  try {
    const content = await readEnvelope(decodeXmlBytes(reply.body, contentType), {
      contract,
      rules: () => rules,
      headerFor: name => {
        const element = operation.output?.headers?.find(header => header.name === name)
        return element === undefined ? undefined : { element, contract }
      },
      elementFor: name => {
        const { output } = operation
        const expected = output?.element
        // SOAP 1.1 §7.1: the name of an encoded reply's wrapper says nothing.
        const isReply = name === expected?.name || (output?.encoded !== undefined && name !== undefined)
        if (name !== undefined && !isReply)
          throw new ToolkitError(
            'ENVELOPE_INVALID',
            `the Body holds ${name}, not ${expected?.name ?? 'nothing'}`,
          )
        return expected === undefined ? undefined : (output ?? expected)
      },
    })
    if (content.warnings.length > 0) warn?.(operation.name, content.warnings)
    if (content.kind === 'fault') return { kind: 'fault', fault: content.fault } as const
    if (reply.status >= 400) throw unreadable('UPSTREAM_REPLY_INVALID', reply, 'no fault')
    return { kind: 'reply', json: withHeaders(content.json, content.headers) } as const
  } catch (cause) {
    if (!isToolkitError(cause) || cause.code.startsWith('UPSTREAM_')) throw cause
    throw new ToolkitError(
      'UPSTREAM_REPLY_INVALID',
      `the reply of ${operation.name} cannot be used: ${cause.message}`,
      {
        cause,
        details: { status: reply.status, reason: cause.code },
      },
    )
  }
}

function unreadable(code: string, reply: HttpReply, what: string): ToolkitError {
  return new ToolkitError(code, `the upstream answered ${reply.status} with ${what}`, {
    details: { status: reply.status },
  })
}
