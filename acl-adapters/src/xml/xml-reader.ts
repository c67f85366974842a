import { setImmediate } from 'node:timers/promises'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { SaxesParser, type SaxesTagNS } from 'saxes'

export type XmlTag = SaxesTagNS

/** The namespace a prefix is bound to where the parser stands; '' asks for the default namespace. */
export type ResolvePrefix = (prefix: string) => string | undefined

export type XmlHandler = {
  /** `line` counts from 1. */
  open(tag: XmlTag, resolve: ResolvePrefix, line: number): void
  /** Character data and CDATA alike; one run of text may come in several calls. */
  text(text: string): void
  close(resolve: ResolvePrefix): void
}

export type XmlLimits = {
  /** nested elements */
  depth: number
  /** attributes of one element, namespace declarations included */
  attributes: number
  /** characters of one attribute value */
  attributeLength: number
  /** characters of one run of text */
  text: number
  /** characters of the document */
  characters: number
  /** Whether processing instructions are passed over; otherwise they are refused. */
  instructions?: 'skip'
}

export const messageLimits: XmlLimits = {
  depth: 64,
  attributes: 256,
  attributeLength: 65_536,
  text: 5 * 1024 * 1024,
  characters: 10 * 1024 * 1024,
}

/** Characters parsed before other requests get their turn: a few milliseconds of work. */
export const sliceLength = 128 * 1024

/**
 * Parses a document in one go. Namespaces are checked; DOCTYPE, processing instructions and entities other
 * than the five predefined ones are refused.
 * @throws ToolkitError XML_MALFORMED, XML_DOCTYPE_REFUSED, XML_INSTRUCTION_REFUSED, XML_TOO_LARGE,
 * XML_TOO_DEEP, XML_TOO_MANY_ATTRIBUTES
 */
export function readXml(source: string, handler: XmlHandler, limits = messageLimits): void {
  const parser = createParser(source, handler, limits)
  parser(source)
  parser(null)
}

/** As readXml, giving way to other work every 128 K characters. */
export async function readXmlInSlices(
  source: string,
  handler: XmlHandler,
  limits = messageLimits,
): Promise<void> {
  if (source.length <= sliceLength) return readXml(source, handler, limits)
  const parser = createParser(source, handler, limits)
  for (let at = 0; at < source.length; at += sliceLength) {
    if (at > 0) await setImmediate()
    parser(source.slice(at, at + sliceLength))
  }
  parser(null)
}

function createParser(
  source: string,
  handler: XmlHandler,
  limits: XmlLimits,
): (chunk: string | null) => void {
  if (source.length > limits.characters)
    throw refused('XML_TOO_LARGE', `the document has more than ${limits.characters} characters`, {
      characters: source.length,
      limit: limits.characters,
    })
  refuseDoctype(source)
  const parser = new SaxesParser({
    xmlns: true,
    position: true,
    // XML 1.1 would let control characters in by reference.
    forceXMLVersion: true,
    defaultXMLVersion: '1.0',
  })
  const resolve: ResolvePrefix = prefix => parser.resolve(prefix)
  let depth = 0
  let attributes = 0
  let run = 0
  const takeText = (text: string) => {
    run += text.length
    if (run > limits.text)
      throw refused('XML_TOO_LARGE', `a run of text has more than ${limits.text} characters`, {
        limit: limits.text,
      })
    handler.text(text)
  }
  parser.on('doctype', () => {
    throw doctypeRefused()
  })
  parser.on('processinginstruction', ({ target }) => {
    if (limits.instructions === 'skip') return
    throw refused('XML_INSTRUCTION_REFUSED', `processing instruction ${target} is not accepted`, {
      line: parser.line,
    })
  })
  parser.on('attribute', attribute => {
    attributes += 1
    if (attributes > limits.attributes || attribute.value.length > limits.attributeLength)
      throw refused(
        'XML_TOO_MANY_ATTRIBUTES',
        `an element has more than ${limits.attributes} attributes, or one longer than ${limits.attributeLength} characters`,
        { limit: limits.attributes, line: parser.line },
      )
  })
  parser.on('opentag', tag => {
    depth += 1
    attributes = 0
    run = 0
    if (depth > limits.depth)
      throw refused('XML_TOO_DEEP', `elements are nested more than ${limits.depth} deep`, {
        limit: limits.depth,
      })
    handler.open(tag, resolve, parser.line)
  })
  parser.on('text', takeText)
  parser.on('cdata', takeText)
  parser.on('closetag', () => {
    depth -= 1
    run = 0
    handler.close(resolve)
  })
  return chunk => {
    try {
      if (chunk === null) parser.close()
      else parser.write(chunk)
    } catch (error) {
      if (error instanceof ToolkitError) throw error
      throw refused('XML_MALFORMED', `not well-formed XML: ${(error as Error).message}`, {
        line: parser.line,
        column: parser.column,
      })
    }
  }
}

/** A DOCTYPE can stand only before the root, so looking there refuses it before anything of it is parsed. */
function refuseDoctype(source: string): void {
  let at = 0
  for (;;) {
    at = skipSpace(source, at)
    if (source.startsWith('<!--', at)) {
      const end = source.indexOf('-->', at)
      if (end < 0) return
      at = end + 3
    } else if (source.startsWith('<?', at)) {
      const end = source.indexOf('?>', at)
      if (end < 0) return
      at = end + 2
    } else {
      if (source.slice(at, at + 9).toUpperCase() === '<!DOCTYPE') throw doctypeRefused()
      return
    }
  }
}

function skipSpace(source: string, from: number): number {
  let at = from
  while (at < source.length && (source.charCodeAt(at) <= 0x20 || source.charCodeAt(at) === 0xfeff)) at += 1
  return at
}

function doctypeRefused(): ToolkitError {
  return refused('XML_DOCTYPE_REFUSED', 'a document type declaration is not accepted', {})
}

function refused(code: string, message: string, details: Record<string, unknown>): ToolkitError {
  return new ToolkitError(code, message, { details })
}
