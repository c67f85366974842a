import { isUtf8 } from 'node:buffer'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

const labels: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  ascii: 'utf-8',
  'utf-16': 'utf-16le',
  'utf-16le': 'utf-16le',
  'utf-16be': 'utf-16be',
  'iso-8859-1': 'latin1',
  latin1: 'latin1',
}

/**
 * The characters of an XML body. Who decides, in order (RFC 7303 §3): byte order mark, charset of the
 * Content-Type, XML declaration, UTF-8.
 * @throws ToolkitError XML_CHARSET_UNSUPPORTED, XML_MALFORMED where the bytes are not of the charset
 */
export function decodeXmlBytes(bytes: Buffer, contentType = ''): string {
  const { label, charset } = charsetFor(bytes, contentType)
  if (charset === 'latin1') return bytes.toString('latin1')
  if (charset === 'utf-8') return decodeUtf8(bytes, label)
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ToolkitError('XML_MALFORMED', `the bytes are not ${label}`, { cause })
  }
}

/**
 * As decodeXmlBytes, for a body in parts.
 * @param start the body's first bytes, as many as there are at once
 * @returns the characters of a part; of the last one where `last` is true. Throws as decodeXmlBytes
 */
export function createXmlDecoder(
  start: Buffer,
  contentType: string,
): (part: Buffer, last: boolean) => string {
  const { label, charset } = charsetFor(start, contentType)
  if (charset === 'latin1') return part => part.toString('latin1')
  const decoder = new TextDecoder(charset, { fatal: true })
  return (part, last) => {
    try {
      return decoder.decode(part, { stream: !last })
    } catch (cause) {
      throw new ToolkitError('XML_MALFORMED', `the bytes are not ${label}`, { cause })
    }
  }
}

function charsetFor(bytes: Buffer, contentType: string): { label: string; charset: string } {
  const label = markOf(bytes) ?? charsetOf(contentType) ?? declaredIn(bytes) ?? 'utf-8'
  const charset = Object.hasOwn(labels, label) ? labels[label]! : undefined
  if (charset === undefined)
    throw new ToolkitError('XML_CHARSET_UNSUPPORTED', `charset ${label} is not supported`, {
      hint: 'send UTF-8',
      details: { charset: label },
    })
  return { label, charset }
}

function decodeUtf8(bytes: Buffer, label: string): string {
  if (!isUtf8(bytes)) throw new ToolkitError('XML_MALFORMED', `the bytes are not ${label}`)
  return bytes.toString('utf8', bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0)
}

function markOf(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8'
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return undefined
}

function charsetOf(contentType: string): string | undefined {
  return /;\s*charset\s*=\s*"?([^\s;"]+)"?/i.exec(contentType)?.[1]?.toLowerCase()
}

function declaredIn(bytes: Buffer): string | undefined {
  const start = bytes.subarray(0, 120).toString('latin1')
  return /^<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(start)?.[1]?.toLowerCase()
}
