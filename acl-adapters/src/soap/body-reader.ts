import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { createElementDecoder, type DecodeRules, type ElementDecoder } from '../codec/decode-element.ts'
import { emptyObject, type Json } from '../codec/json.ts'
import type { Contract, Message } from '../contract/contract.ts'
import { decodeEncoded } from '../encoded/decode-encoded.ts'
import { createGraphReader } from '../encoded/encoded-node.ts'
import { localOf } from '../xml/qualified-name.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import type { ResolvePrefix } from '../xml/xml-reader.ts'

/** Takes the events of everything in a Body, for a message of which one element alone is not all. */
export type BodyReader = {
  open(tag: XmlTag, resolve: ResolvePrefix): void
  text(text: string): void
  close(resolve: ResolvePrefix): void
  /** Once the Body has ended. */
  value(): Json
}

/** The reader for a message with several parts or of the SOAP encoding; undefined where its element is all. */
export function bodyReaderOf(
  message: Message,
  contract: Contract,
  rules: DecodeRules,
): BodyReader | undefined {
  if (message.encoded !== undefined) return encodedReader(message, contract)
  return message.parts === undefined ? undefined : partsReader(message.parts, contract, rules)
}

function encodedReader({ element }: Message, { types }: Contract): BodyReader {
  const reader = createGraphReader()
  return {
    open: tag => reader.open(tag),
    text: text => reader.text(text),
    close: () => reader.close(),
    value: () => decodeEncoded(reader.graph, element!, types),
  }
}

/** The parts in their order, each under its local name. */
function partsReader(
  parts: NonNullable<Message['parts']>,
  contract: Contract,
  rules: DecodeRules,
): BodyReader {
  const json = emptyObject()
  let at = 0
  let decoder: ElementDecoder | undefined
  return {
    open(tag, resolve) {
      const part = parts[at]
      if (decoder === undefined) {
        if (part === undefined || part.name !== tag.qname) throw wrongPart(tag.qname, part?.name)
        decoder = createElementDecoder(part, contract, rules)
      }
      decoder.open(tag, resolve)
    },
    text: text => decoder?.text(text),
    close(resolve) {
      if (decoder?.close(resolve) !== true) return
      json[localOf(parts[at]!.name)] = decoder.value()
      decoder = undefined
      at += 1
    },
    value() {
      if (at < parts.length) throw wrongPart(undefined, parts[at]!.name)
      return json
    },
  }
}

function wrongPart(found: string | undefined, expected: string | undefined): ToolkitError {
  return new ToolkitError(
    'ENVELOPE_INVALID',
    `the Body holds ${found ?? 'no more'} where ${expected ?? 'nothing'} is expected`,
  )
}
