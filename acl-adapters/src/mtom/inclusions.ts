import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { SoapVersion } from '../contract/contract.ts'
import { mediaTypes, versionOfMediaType } from '../soap/soap-version.ts'
import { decodeXmlBytes } from '../xml/decode-bytes.ts'
import { type MimePart, mediaParameters, readMultipart, writeMultipart } from './multipart.ts'

export const xopNamespace = 'http://www.w3.org/2004/08/xop/include'

export type PlainMessage = { body: Buffer; contentType: string }

export function isMultipart(contentType: string): boolean {
  return /^\s*multipart\/related\b/i.test(contentType)
}

/**
 * An MTOM message as the message it stands for: each xop:Include is replaced by the base64 of the part it names
 * (XOP 1.0 §4), so that whatever reads it afterwards knows nothing of parts.
 * @throws ToolkitError MULTIPART_INVALID
 */
export function inlineParts(body: Buffer, contentType: string, limit: number): PlainMessage {
  const parameters = mediaParameters(contentType)
  const parts = readMultipart(body, parameters.get('boundary') ?? '')
  const start = parameters.get('start')
  const root = start === undefined ? parts[0] : parts.find(part => part.headers.get('content-id') === start)
  if (root === undefined) throw invalid('has no root part')
  const type = root.headers.get('content-type') ?? ''
  const byId = new Map<string, MimePart>()
  for (const part of parts) {
    const id = part.headers.get('content-id')?.replace(/^<|>$/g, '')
    if (id !== undefined) byId.set(id, part)
  }
  const text = decodeXmlBytes(root.body, type)
  const inlined = replaceInclusions(text, byId, limit)
  const envelopeType = mediaParameters(type).get('type') ?? parameters.get('start-info') ?? type
  const version = versionOfMediaType(envelopeType) ?? '1.1'
  return { body: Buffer.from(inlined), contentType: `${mediaTypes[version]}; charset=utf-8` }
}

function replaceInclusions(text: string, byId: ReadonlyMap<string, MimePart>, limit: number): string {
  let length = text.length
  const include = (element: string): string => {
    const href = /\shref\s*=\s*(?:"([^"]*)"|'([^']*)')/.exec(element)
    const location = href?.[1] ?? href?.[2] ?? ''
    const part = location.startsWith('cid:') ? byId.get(decode(location.slice(4))) : undefined
    if (part === undefined) throw invalid(`includes ${location.slice(0, 80)}, which is none of its parts`)
    length += Math.ceil(part.body.length / 3) * 4
    // One part may be included often.
    if (length > limit) throw invalid(`has more than ${limit} characters once its parts stand in it`)
    return part.body.toString('base64')
  }
  // What stands in CDATA or a comment is no element.
  return text
    .split(/(<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->)/)
    .map((piece, index) =>
      index % 2 === 1
        ? piece
        : piece.replace(
            /<((?:[\w.-]+:)?)Include(\s[^<>]*?)?(?:\/>|>\s*<\/\1Include\s*>)/g,
            (element, prefix: string) =>
              isXop(text, element, prefix.slice(0, -1)) ? include(element) : element,
          ),
    )
    .join('')
}

/** Whether the prefix is bound to XOP: on the element itself, or anywhere where it is not bound to something else. */
function isXop(text: string, element: string, prefix: string): boolean {
  const name = prefix === '' ? 'xmlns' : `xmlns:${prefix}`
  const bound = (source: string) =>
    [...source.matchAll(/\s(xmlns(?::[\w.-]+)?)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)]
      .filter(match => match[1] === name)
      .map(match => match[2] ?? match[3])
  const own = bound(element)
  const all = own.length > 0 ? own : prefix === '' ? [] : bound(text)
  return all.length > 0 && all.every(namespace => namespace === xopNamespace)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * An envelope as an MTOM message (MTOM §3): what stood under the names given is put into parts of their own.
 * @param parts by the text that stands for each in the envelope
 */
export function attachParts(
  envelope: string,
  version: SoapVersion,
  parts: ReadonlyMap<string, Buffer>,
): PlainMessage {
  const attached: { headers: Record<string, string>; body: Buffer }[] = []
  const text = envelope.replace(/>(xopx[0-9a-f]{32})</g, (whole, token: string) => {
    const bytes = parts.get(token)
    if (bytes === undefined) return whole
    const id = `${token.slice(4, 36)}@strangler`
    attached.push({
      headers: {
        'content-type': 'application/octet-stream',
        'content-transfer-encoding': 'binary',
        'content-id': `<${id}>`,
      },
      body: bytes,
    })
    return `><xop:Include xmlns:xop="${xopNamespace}" href="cid:${id}"/><`
  })
  const media = mediaTypes[version]
  const { boundary, body } = writeMultipart([
    {
      headers: {
        'content-type': `application/xop+xml; charset=utf-8; type="${media}"`,
        'content-transfer-encoding': 'binary',
        'content-id': '<envelope@strangler>',
      },
      body: Buffer.from(text),
    },
    ...attached,
  ])
  const contentType = `multipart/related; type="application/xop+xml"; start="<envelope@strangler>"; start-info="${media}"; boundary="${boundary}"`
  return { body, contentType }
}

function invalid(what: string): ToolkitError {
  return new ToolkitError('MULTIPART_INVALID', `the MTOM message ${what}`)
}
