import { randomUUID } from 'node:crypto'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

export type MimePart = { headers: ReadonlyMap<string, string>; body: Buffer }

const maxParts = 256
const maxHeaderBytes = 8_192

/** The parameters of a media type, names in lower case. */
export function mediaParameters(contentType: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const [, name, quoted, plain] of contentType
    .slice(0, 2_000)
    .matchAll(/;\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/g))
    parameters.set(name!.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain!)
  return parameters
}

/**
 * The parts of a multipart body (RFC 2046 §5.1).
 * @throws ToolkitError MULTIPART_INVALID
 */
export function readMultipart(body: Buffer, boundary: string): MimePart[] {
  if (boundary === '' || boundary.length > 70) throw invalid('has no boundary, or one that is too long')
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  const parts: MimePart[] = []
  let at = startOf(body, delimiter)
  for (;;) {
    const after = at + delimiter.length
    if (body.subarray(after, after + 2).toString('latin1') === '--') return parts
    const start = body.indexOf('\r\n', after)
    const next = body.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), after)
    if (start < 0 || next < 0) throw invalid('ends before its last boundary')
    if (parts.length >= maxParts) throw invalid(`has more than ${maxParts} parts`)
    parts.push(readPart(body.subarray(start + 2, next)))
    at = next + 2
  }
}

function startOf(body: Buffer, delimiter: Buffer): number {
  const first = body.indexOf(delimiter)
  if (first < 0 || (first > 0 && body[first - 1] !== 10)) throw invalid('does not have its boundary')
  return first
}

function readPart(bytes: Buffer): MimePart {
  const bare = bytes.subarray(0, 2).toString('latin1') === '\r\n'
  const end = bare ? 0 : bytes.indexOf('\r\n\r\n')
  if (end < 0 || end > maxHeaderBytes) throw invalid('has a part without an end of its headers')
  const headers = new Map<string, string>()
  for (const line of bytes
    .subarray(0, end)
    .toString('latin1')
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  const body = bytes.subarray(bare ? 2 : end + 4)
  const encoding = (headers.get('content-transfer-encoding') ?? 'binary').toLowerCase()
  if (encoding === 'base64') return { headers, body: Buffer.from(body.toString('latin1'), 'base64') }
  if (!['binary', '8bit', '7bit'].includes(encoding))
    throw invalid(`has a part encoded as ${encoding.slice(0, 40)}`)
  return { headers, body }
}

/** A multipart body of parts whose headers are ours, and its boundary, which stands in none of them. */
export function writeMultipart(parts: readonly { headers: Record<string, string>; body: Buffer }[]): {
  boundary: string
  body: Buffer
} {
  const boundary = `part-${randomUUID()}`
  const chunks: Buffer[] = []
  for (const { headers, body } of parts) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    chunks.push(Buffer.from(`--${boundary}\r\n${lines.join('')}\r\n`), body, Buffer.from('\r\n'))
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`))
  return { boundary, body: Buffer.concat(chunks) }
}

function invalid(what: string): ToolkitError {
  return new ToolkitError('MULTIPART_INVALID', `the multipart body ${what}`)
}
