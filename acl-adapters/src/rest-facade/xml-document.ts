import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { createElementDecoder, strictRules } from '../codec/decode-element.ts'
import { emptyObject, type Json } from '../codec/json.ts'
import { encodeMessage, messageJson, takeHeaders } from '../codec/message.ts'
import type { Contract, Message } from '../contract/contract.ts'
import { decodeXmlBytes } from '../xml/decode-bytes.ts'
import { readXmlInSlices } from '../xml/xml-reader.ts'
import { escapeText, isXmlText } from '../xml/xml-text.ts'
import type { ProblemDocument } from './problem-document.ts'

/** Whether the message is one element, so that it can be an XML document without an envelope. */
export function isOneDocument({ element, parts, encoded }: Message): boolean {
  return element !== undefined && parts === undefined && encoded === undefined
}

/**
 * The JSON of a message sent as an XML document. It is decoded by the contract like any other, so nothing of the
 * caller's markup reaches the upstream as it came.
 * @throws ToolkitError XML_*, MESSAGE_INVALID
 */
export async function readXmlDocument(
  message: Message,
  body: Buffer,
  contentType: string,
  contract: Contract,
): Promise<Json> {
  const element = message.element
  if (element === undefined || !isOneDocument(message))
    throw new ToolkitError('MEDIA_TYPE_UNSUPPORTED', 'this operation takes application/json only')
  const decoder = createElementDecoder(element, contract, strictRules)
  let depth = 0
  await readXmlInSlices(decodeXmlBytes(body, contentType), {
    open(tag, resolve) {
      if (depth === 0 && tag.qname !== element.name)
        throw new ToolkitError('MESSAGE_INVALID', `the root is ${tag.qname}, not ${element.name}`, {
          details: { path: '' },
        })
      depth += 1
      decoder.open(tag, resolve)
    },
    text: text => decoder.text(text),
    close(resolve) {
      depth -= 1
      decoder.close(resolve)
    },
  })
  return messageJson(element, decoder.value())
}

/** A reply as an XML document; its header blocks have no place there. */
export function writeXmlDocument(message: Message, json: Json, contract: Contract): string {
  const { body } = takeHeaders(message, json, contract)
  return `<?xml version="1.0" encoding="UTF-8"?>\n${encodeMessage(message, body ?? emptyObject(), contract)}`
}

/** RFC 7807 appendix A, which RFC 9457 leaves in force. The typed fault has no form there. */
export function writeXmlProblem({ type, title, status, detail, instance }: ProblemDocument): string {
  const members = Object.entries({ type, title, status, detail, instance })
    .filter(([, value]) => value !== undefined && isXmlText(String(value)))
    .map(([name, value]) => `<${name}>${escapeText(String(value))}</${name}>`)
  return `<?xml version="1.0" encoding="UTF-8"?>\n<problem xmlns="urn:ietf:rfc:7807">${members.join('')}</problem>`
}
