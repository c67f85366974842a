import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import { strictRules } from '../codec/decode-element.ts'
import { createGenericReader } from '../codec/generic-node.ts'
import { emptyObject, isJsonObject, type Json } from '../codec/json.ts'
import { withHeaders } from '../codec/message.ts'
import type { Contract, Operation } from '../contract/contract.ts'
import { inlineParts, isMultipart } from '../mtom/inclusions.ts'
import { readEnvelope } from '../soap/read-envelope.ts'
import { decodeXmlBytes } from '../xml/decode-bytes.ts'
import { readXml } from '../xml/xml-reader.ts'

export type SoapReply = { status: number; contentType: string; body: Buffer }

const limit = 10 * 1024 * 1024

/**
 * What a reply says, so that two of them can be compared: prefixes, the order of attributes, white space between
 * elements and the SOAP version are gone. What is not of the contract is compared as the XML it is, and what is no
 * XML as its text.
 */
export async function readObservation(
  reply: SoapReply,
  operation: Operation,
  contract: Contract,
): Promise<Json> {
  let text: string
  try {
    const plain = isMultipart(reply.contentType) ? inlineParts(reply.body, reply.contentType, limit) : reply
    text = decodeXmlBytes(plain.body, plain.contentType)
  } catch (error) {
    return { unreadable: codeOf(error) }
  }
  return (await byContract(text, operation, contract)) ?? asXml(text)
}

async function byContract(text: string, operation: Operation, contract: Contract): Promise<Json | undefined> {
  const { output } = operation
  try {
    const content = await readEnvelope(text, {
      contract,
      rules: () => strictRules,
      headerFor: name => {
        const element = output?.headers?.find(header => header.name === name)
        return element === undefined ? undefined : { element, contract }
      },
      elementFor: () => (output?.element === undefined ? undefined : output),
    })
    if (content.kind === 'message') return { message: withHeaders(content.json, content.headers) }
    const { code, subcodes, reason, actor = null, detail, undeclaredDetail } = content.fault
    // A detail that nothing declares is in none of these, so it is compared as XML.
    return undeclaredDetail.length > 0
      ? undefined
      : { fault: { code, subcodes: [...subcodes], reason, actor, detail } }
  } catch {
    return undefined
  }
}

function asXml(text: string): Json {
  const reader = createGenericReader()
  try {
    readXml(text, {
      open: (tag, resolve) => reader.open(tag, resolve),
      text: run => reader.text(run),
      close: () => {
        reader.close()
      },
    })
    return { xml: withoutLayout(reader.node) }
  } catch (error) {
    return { unreadable: codeOf(error), text: text.slice(0, 1_000) }
  }
}

/** White space among elements is layout. */
function withoutLayout(node: Json): Json {
  if (!isJsonObject(node)) return node
  const content = node.$ as Json[]
  const hasElements = content.some(isJsonObject)
  const kept = hasElements ? content.filter(one => typeof one !== 'string' || one.trim() !== '') : content
  return Object.assign(emptyObject(), node, { $: kept.map(withoutLayout) })
}

function codeOf(error: unknown): string {
  return isToolkitError(error) ? error.code : 'INTERNAL'
}
