import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type DecodeRules, type DecodeWarning, replyRules } from '../codec/decode-element.ts'
import type { Json } from '../codec/json.ts'
import { encodeMessage, takeHeaders } from '../codec/message.ts'
import type { ArrayTap } from '../codec/streamed-array.ts'
import type { Contract, Operation, SoapVersion } from '../contract/contract.ts'
import type { HttpExchange, HttpReply, HttpRequest } from '../http/http-exchange.ts'
import { type ReplyContent, readReply, readReplyInParts } from './read-reply.ts'
import { mediaTypes } from './soap-version.ts'
import { writeEnvelope } from './write-envelope.ts'

export type SoapOutcome = { headers: HttpReply['headers'] } & ReplyContent

/** A long reply, to be read while it comes in. Whoever gets it reads it, if only to return at once. */
export type PartialOutcome = {
  kind: 'parts'
  headers: HttpReply['headers']
  /** Gives way between the parts. Throws UPSTREAM_*. */
  read(tap: ArrayTap): AsyncGenerator<undefined, ReplyContent>
}

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
  /** As `call`, giving a long reply in parts; the time then is that from one part to the next. */
  stream(
    operation: Operation,
    input: Json,
    headers: Record<string, string>,
    timeoutMs?: number,
  ): Promise<SoapOutcome | PartialOutcome>
}

/** Bytes of a reply that is read in one piece also where it may come in parts. */
const wholeReply = 256 * 1024

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

  const requestOf = (
    operation: Operation,
    input: Json,
    headers: Record<string, string>,
    timeoutMs: number | undefined,
  ): HttpRequest => {
    if (operation.unsupported.length > 0)
      throw new ToolkitError(
        'OPERATION_UNSUPPORTED',
        `${operation.name}: ${operation.unsupported.join('; ')}`,
      )
    const version: SoapVersion = operation.actions.has('1.1') ? '1.1' : '1.2'
    const { headers: blocks, body: json } = takeHeaders(operation.input, input, contract)
    const body = writeEnvelope(version, encodeMessage(operation.input, json, contract), blocks)
    return {
      method: 'POST',
      path,
      headers: { ...headers, ...soapHeaders(version, operation.actions.get(version) ?? '') },
      body,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }
  }

  return {
    async call(operation, input, headers, timeoutMs) {
      const reply = await exchange.send(requestOf(operation, input, headers, timeoutMs))
      const content = await readReply({ contract, operation, rules, policy }, reply)
      return { headers: reply.headers, ...content }
    },
    async stream(operation, input, headers, timeoutMs) {
      const request = requestOf(operation, input, headers, timeoutMs)
      const reply = await exchange.send({ ...request, partsAbove: wholeReply })
      const parts = { contract, operation, rules, policy }
      const { rest } = reply
      if (rest === undefined) return { headers: reply.headers, ...(await readReply(parts, reply)) }
      const read = (tap: ArrayTap) => readReplyInParts(parts, { ...reply, rest }, tap)
      return { kind: 'parts', headers: reply.headers, read }
    },
  }
}

function soapHeaders(version: SoapVersion, action: string): Record<string, string> {
  const type = `${mediaTypes[version]}; charset=utf-8`
  if (version === '1.1') return { 'content-type': type, soapaction: `"${action}"` }
  return { 'content-type': action === '' ? type : `${type}; action="${action}"` }
}
