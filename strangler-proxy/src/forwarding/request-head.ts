import type { IncomingMessage } from 'node:http'

/** What the proxy itself reads of a request's headers, gathered in one pass. Names are lower case. */
export type RequestHead = {
  hosts: number
  host: string | undefined
  contentLength: number | undefined
  chunked: boolean
  /** Another coding than chunked, or chunked twice: what the body is then, nobody agrees on. */
  oddCoding: boolean
  encoded: boolean
  contentType: string | undefined
  soapActions: number
  soapAction: string | undefined
  traceparent: string | undefined
  connection: string | undefined
  /** Set on copies, so that a copy is never copied again. */
  mirrored: boolean
}

/** Reads the raw headers, in which a header that stands twice still stands twice. */
export function readHead(request: IncomingMessage): RequestHead {
  const head: RequestHead = {
    hosts: 0,
    host: undefined,
    contentLength: undefined,
    chunked: false,
    oddCoding: false,
    encoded: false,
    contentType: undefined,
    soapActions: 0,
    soapAction: undefined,
    traceparent: undefined,
    connection: undefined,
    mirrored: false,
  }
  const raw = request.rawHeaders
  for (let index = 0; index < raw.length; index += 2) {
    const value = raw[index + 1]!
    switch (raw[index]!.toLowerCase()) {
      case 'host':
        head.hosts++
        head.host = value
        break
      case 'content-length':
        head.contentLength = Number(value)
        break
      case 'transfer-encoding':
        head.oddCoding ||= head.chunked || value.toLowerCase() !== 'chunked'
        head.chunked = true
        break
      case 'content-encoding':
        head.encoded = value.toLowerCase() !== 'identity'
        break
      case 'content-type':
        head.contentType = value
        break
      case 'soapaction':
        head.soapActions++
        head.soapAction = value
        break
      case 'traceparent':
        head.traceparent = value
        break
      case 'connection':
        head.connection = head.connection === undefined ? value : `${head.connection},${value}`
        break
      case 'strangler-mirror':
        head.mirrored = true
        break
    }
  }
  return head
}

export function hasBody(head: RequestHead): boolean {
  return head.chunked || (head.contentLength !== undefined && head.contentLength > 0)
}
