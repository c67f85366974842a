import { setImmediate } from 'node:timers/promises'
import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { DecodeRules } from '../codec/decode-element.ts'
import type { Json } from '../codec/json.ts'
import { withHeaders } from '../codec/message.ts'
import type { ArrayTap } from '../codec/streamed-array.ts'
import type { Contract, Operation } from '../contract/contract.ts'
import type { HttpReply, ReplyRest } from '../http/http-exchange.ts'
import { createXmlDecoder, decodeXmlBytes } from '../xml/decode-bytes.ts'
import { messageLimits, sliceLength, type XmlLimits } from '../xml/xml-reader.ts'
import { createXmlTokenizer } from '../xml/xml-tokenizer.ts'
import {
  createEnvelopeReader,
  type EnvelopeContent,
  type EnvelopeOptions,
  readEnvelope,
} from './read-envelope.ts'
import type { ReplyPolicy } from './soap-client.ts'
import type { SoapFault } from './soap-fault.ts'
import { versionOfMediaType } from './soap-version.ts'

export type ReplyContent = { kind: 'reply'; json: Json } | { kind: 'fault'; fault: SoapFault }

export type ReplyParts = {
  contract: Contract
  operation: Operation
  rules: DecodeRules
  policy: ReplyPolicy
}

/** For replies in parts: what stands in memory is bounded by the limits on depth, tags and text. */
const partLimits: XmlLimits = { ...messageLimits, characters: Number.POSITIVE_INFINITY }

/**
 * What a reply says.
 * @throws ToolkitError UPSTREAM_REPLY_EMPTY, UPSTREAM_REPLY_NOT_SOAP, UPSTREAM_REPLY_INVALID
 */
export async function readReply(parts: ReplyParts, reply: HttpReply): Promise<ReplyContent> {
  const { operation } = parts
  if (reply.body.length === 0) {
    if (operation.output === undefined && reply.status < 300)
      return { kind: 'reply', json: Object.create(null) } as const
    throw unreadable('UPSTREAM_REPLY_EMPTY', reply, 'an empty body')
  }
  const contentType = soapTypeOf(reply)
  try {
    const content = await readEnvelope(decodeXmlBytes(reply.body, contentType), optionsOf(parts))
    return contentOf(parts, reply, content)
  } catch (cause) {
    throw invalidReply(operation, reply, cause)
  }
}

/**
 * As readReply, for a reply of which not all is there yet: gives way to other work between its parts, and reads no
 * further than it is asked to.
 * @param tap takes the items of one array; the array of the reply itself has only their number
 */
export async function* readReplyInParts(
  parts: ReplyParts,
  reply: HttpReply & { rest: ReplyRest },
  tap: ArrayTap,
): AsyncGenerator<undefined, ReplyContent> {
  try {
    const reader = createEnvelopeReader({ ...optionsOf(parts), tap })
    const tokenizer = createXmlTokenizer(reader, partLimits)
    const decode = createXmlDecoder(reply.body, soapTypeOf(reply))
    let sinceTurn = 0
    for await (const bytes of following(reply)) {
      const text = decode(bytes, false)
      for (let at = 0; at < text.length; at += sliceLength) {
        const slice = text.slice(at, at + sliceLength)
        tokenizer.write(slice)
        sinceTurn += slice.length
        if (sinceTurn < sliceLength) continue
        sinceTurn = 0
        yield
        await setImmediate()
      }
    }
    tokenizer.write(decode(Buffer.alloc(0), true))
    tokenizer.end()
    return contentOf(parts, reply, reader.content())
  } catch (cause) {
    throw invalidReply(parts.operation, reply, cause)
  } finally {
    reply.rest.cancel()
  }
}

async function* following({ body, rest }: HttpReply & { rest: ReplyRest }): AsyncGenerator<Buffer> {
  yield body
  yield* rest.parts
}

function optionsOf({ contract, operation, rules }: ReplyParts): EnvelopeOptions {
  return {
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
  }
}

function contentOf(
  { operation, policy }: ReplyParts,
  reply: HttpReply,
  content: EnvelopeContent,
): ReplyContent {
  if (content.warnings.length > 0) policy.warn?.(operation.name, content.warnings)
  if (content.kind === 'fault') return { kind: 'fault', fault: content.fault }
  if (reply.status >= 400) throw unreadable('UPSTREAM_REPLY_INVALID', reply, 'no fault')
  return { kind: 'reply', json: withHeaders(content.json, content.headers) }
}

function soapTypeOf(reply: HttpReply): string {
  const contentType = String(reply.headers['content-type'] ?? '')
  if (contentType !== '' && versionOfMediaType(contentType) === undefined)
    throw unreadable('UPSTREAM_REPLY_NOT_SOAP', reply, contentType.slice(0, 80))
  return contentType
}

function invalidReply({ name }: Operation, { status }: HttpReply, cause: unknown): unknown {
  if (!isToolkitError(cause) || cause.code.startsWith('UPSTREAM_')) return cause
  return new ToolkitError('UPSTREAM_REPLY_INVALID', `the reply of ${name} cannot be used: ${cause.message}`, {
    cause,
    details: { status, reason: cause.code },
  })
}

function unreadable(code: string, reply: HttpReply, what: string): ToolkitError {
  return new ToolkitError(code, `the upstream answered ${reply.status} with ${what}`, {
    details: { status: reply.status },
  })
}
