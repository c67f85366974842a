import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Json } from '../codec/json.ts'
import type { Contract, Operation } from '../contract/contract.ts'
import type { HttpExchange, HttpReply, HttpRequest } from '../http/http-exchange.ts'
import type { SoapClient } from '../soap/soap-client.ts'
import { versionOfMediaType } from '../soap/soap-version.ts'
import { extractBinaries } from './extract-binaries.ts'
import { attachParts, inlineParts, isMultipart, type PlainMessage } from './inclusions.ts'

const replyCharacters = 10 * 1024 * 1024

/**
 * MTOM for a SOAP client: replies with parts are read as if their bytes stood in them, and values of
 * xs:base64Binary above some size go out as parts.
 * @param above bytes; undefined sends everything in the envelope
 * @param client makes the client over the exchange it is given
 */
export function createMtomClient(
  contract: Contract,
  exchange: HttpExchange,
  above: number | undefined,
  client: (exchange: HttpExchange) => SoapClient,
): SoapClient {
  const waiting = new Map<string, Buffer>()
  const inner = client({
    ...exchange,
    async send(request) {
      const reply = await exchange.send(attach(request, waiting))
      const contentType = String(reply.headers['content-type'] ?? '')
      if (!isMultipart(contentType)) return reply
      const plain = readParts(await wholeBody(reply), contentType)
      const headers = { ...reply.headers, 'content-type': plain.contentType }
      return { status: reply.status, headers, body: plain.body }
    },
  })
  if (above === undefined) return inner
  const detached = async <T>(
    { input: message }: Operation,
    input: Json,
    call: (json: Json) => Promise<T>,
  ): Promise<T> => {
    const { json, binaries } = extractBinaries(message, input, contract, above)
    for (const [token, bytes] of binaries) waiting.set(token, bytes)
    try {
      return await call(json)
    } finally {
      for (const token of binaries.keys()) waiting.delete(token)
    }
  }
  return {
    call: (operation, input, headers, timeoutMs) =>
      detached(operation, input, json => inner.call(operation, json, headers, timeoutMs)),
    stream: (operation, input, headers, timeoutMs) =>
      detached(operation, input, json => inner.stream(operation, json, headers, timeoutMs)),
  }
}

function attach(request: HttpRequest, waiting: ReadonlyMap<string, Buffer>): HttpRequest {
  const { body, headers } = request
  if (waiting.size === 0 || typeof body !== 'string' || !/>xopx[0-9a-f]{32}</.test(body)) return request
  const own = headers['content-type'] ?? ''
  const { body: bytes, contentType } = attachParts(body, versionOfMediaType(own) ?? '1.1', waiting)
  const action = /;\s*action="[^"]*"/.exec(own)?.[0] ?? ''
  return { ...request, body: bytes, headers: { ...headers, 'content-type': contentType + action } }
}

function readParts(body: Buffer, contentType: string): PlainMessage {
  try {
    return inlineParts(body, contentType, replyCharacters)
  } catch (cause) {
    if (!isToolkitError(cause)) throw cause
    throw new ToolkitError('UPSTREAM_REPLY_INVALID', cause.message, { cause })
  }
}

/** Parts may refer to any other, so that a reply of several has to be there as a whole. */
async function wholeBody({ body, rest }: HttpReply): Promise<Buffer> {
  if (rest === undefined) return body
  const chunks = [body]
  let size = body.length
  for await (const part of rest.parts) {
    size += part.length
    // Leaving the loop ends the reading.
    if (size > replyCharacters)
      throw new ToolkitError('UPSTREAM_REPLY_TOO_LARGE', `the reply has more than ${replyCharacters} bytes`)
    chunks.push(part)
  }
  return Buffer.concat(chunks, size)
}
