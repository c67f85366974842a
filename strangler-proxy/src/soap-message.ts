import type { IncomingMessage } from 'node:http'
import { badRequest, type ProxyAnswer } from './forwarding/refusal-answer.ts'
import { readAhead } from './forwarding/request-body.ts'
import { hasBody, type RequestHead } from './forwarding/request-head.ts'
import type { SoapEndpoint } from './routing/generation.ts'
import { createBeginnings } from './routing/known-beginnings.ts'
import { contradicts, soapAction } from './routing/soap-action.ts'
import type { SoapVersion } from './routing/soap-operation.ts'

/** A message whose operation is known. Its bytes are forwarded as they came. */
export type SoapMessage = {
  operation: string
  version: SoapVersion
  /** All of it, where it ended within the bytes that are read ahead. */
  body: Buffer | undefined
  ahead: Buffer | undefined
}

/** The operation must show within these bytes. */
const aheadBytes = 65_536
const aheadMs = 30_000
const scan = createBeginnings()

/**
 * Reads as much of a message as tells its operation.
 * @param onStart called before the client's body is read
 * @returns the message, or why it is refused: on an endpoint with claimed operations, a message that cannot be
 *   told apart may be any of them
 */
export async function readSoapMessage(
  request: IncomingMessage,
  head: RequestHead,
  endpoint: SoapEndpoint,
  onStart: () => void,
): Promise<SoapMessage | { refusal: ProxyAnswer; version: SoapVersion } | 'aborted'> {
  const assumed = soapVersionOf(head.contentType) ?? '1.1'
  const refusal = (detail: string, status = 400) => ({
    refusal: badRequest(detail, status),
    version: assumed,
  })
  const type = head.contentType?.toLowerCase() ?? ''
  if (head.encoded) return refusal('Content-Encoding on a SOAP message is not supported', 415)
  if (type.startsWith('multipart/')) return refusal('SOAP with attachments is not supported', 415)
  if (!asciiCharset(type)) return refusal('the charset of the message is not supported', 415)
  if (head.soapActions > 1) return refusal('SOAPAction stands twice')
  if (!hasBody(head)) return refusal('the message is empty')
  onStart()
  const read = await readAhead(
    request,
    aheadBytes,
    aheadMs,
    bytes => !('incomplete' in scan(bytes, false, head.soapAction ?? '')),
  )
  if (read === 'aborted') return read
  if (read === 'late') return refusal(`the message took longer than ${aheadMs} ms to arrive`, 408)
  // However the bytes were cut into packets, the same message gets the same answer.
  const within = read.bytes.length <= aheadBytes
  const scanned = scan(
    within ? read.bytes : read.bytes.subarray(0, aheadBytes),
    read.complete && within,
    head.soapAction ?? '',
  )
  if ('incomplete' in scanned) return refusal(`no operation within the first ${aheadBytes} bytes`, 413)
  if ('refused' in scanned) return refusal(`the message is refused: ${scanned.refused}`)
  const { operation, version } = scanned.found
  if (contradicts(endpoint, operation, soapAction(head.soapAction, head.contentType)))
    return {
      refusal: badRequest(
        `SOAPAction contradicts the message, whose operation is ${operation} (name its action in the route if both are right)`,
      ),
      version,
    }
  return read.complete
    ? { operation, version, body: read.bytes, ahead: undefined }
    : { operation, version, body: undefined, ahead: read.bytes }
}

/** The SOAP version that a Content-Type belongs to, if it belongs to one. */
export function soapVersionOf(contentType: string | undefined): SoapVersion | undefined {
  const type = contentType?.toLowerCase()
  if (type === undefined) return undefined
  if (type.startsWith('application/soap+xml')) return '1.2'
  return type.startsWith('text/xml') ? '1.1' : undefined
}

function asciiCharset(type: string): boolean {
  const at = type.indexOf('charset=')
  if (at === -1) return true
  const charset = type
    .slice(at + 8)
    .split(';', 1)[0]!
    .trim()
    .replaceAll('"', '')
  return ['utf-8', 'utf8', 'us-ascii', 'iso-8859-1', 'windows-1252'].includes(charset)
}
