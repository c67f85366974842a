import { setImmediate } from 'node:timers/promises'
import type { XmlTag } from './read-tag.ts'
import { createXmlTokenizer } from './xml-tokenizer.ts'

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
  const tokenizer = createXmlTokenizer(handler, limits)
  tokenizer.write(source)
  tokenizer.end()
}

/** As readXml, giving way to other work every 128 K characters. */
export async function readXmlInSlices(
  source: string,
  handler: XmlHandler,
  limits = messageLimits,
): Promise<void> {
  if (source.length <= sliceLength) return readXml(source, handler, limits)
  const tokenizer = createXmlTokenizer(handler, limits)
  for (let at = 0; at < source.length; at += sliceLength) {
    if (at > 0) await setImmediate()
    tokenizer.write(source.slice(at, at + sliceLength))
  }
  tokenizer.end()
}
