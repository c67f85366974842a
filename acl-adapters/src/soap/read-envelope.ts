import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import {
  createElementDecoder,
  type DecodeRules,
  type DecodeWarning,
  type ElementDecoder,
  replyRules,
} from '../codec/decode-element.ts'
import type { Json } from '../codec/json.ts'
import { messageJson } from '../codec/message.ts'
import type { ArrayTap } from '../codec/streamed-array.ts'
import type { Contract, ElementDeclaration, Message, SoapVersion } from '../contract/contract.ts'
import type { QualifiedName } from '../xml/qualified-name.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import { type ResolvePrefix, readXmlInSlices, type XmlHandler } from '../xml/xml-reader.ts'
import { type BodyReader, bodyReaderOf } from './body-reader.ts'
import { createFaultReader, type FaultReader } from './read-fault.ts'
import type { SoapFault } from './soap-fault.ts'
import { envelopeNamespaces, versionOfNamespace } from './soap-version.ts'

export type EnvelopeContent = {
  version: SoapVersion
  /** Header blocks that this node must understand (SOAP 1.1 §4.2.3, 1.2 §5.2.3). */
  mustUnderstand: readonly QualifiedName[]
  /** Header blocks that `headerFor` declared, in their order. */
  headers: readonly { name: QualifiedName; json: Json }[]
  warnings: readonly DecodeWarning[]
} & (
  | { kind: 'message'; element: QualifiedName | undefined; json: Json }
  | { kind: 'fault'; fault: SoapFault }
)

export type EnvelopeOptions = {
  contract: Contract
  /** How strictly the Body's child is read; asked after elementFor. */
  rules(name: QualifiedName): DecodeRules
  /**
   * Chooses the declaration for the Body's child, or the message where that is not all; undefined is an empty
   * Body. Throws to refuse the message.
   */
  elementFor(name: QualifiedName | undefined, version: SoapVersion): ElementDeclaration | Message | undefined
  /** The declaration of a header block that is wanted, with the contract it is of. */
  headerFor?(name: QualifiedName): HeaderDeclaration | undefined
  /** Takes the items of one array of the message while it is read. */
  tap?: ArrayTap
}

export type HeaderDeclaration = {
  element: ElementDeclaration
  contract: Pick<Contract, 'prefixes' | 'types' | 'elements'>
  /** Told of the block before the Body is looked at. Throws to refuse the message. */
  take?(json: Json): void
}

const maxHeaders = 32
/** What others added to a block is their business. */
const headerRules: DecodeRules = { ...replyRules, unknown: 'drop' }

const roles = new Set([
  '',
  'http://schemas.xmlsoap.org/soap/actor/next',
  'http://www.w3.org/2003/05/soap-envelope/role/next',
  'http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver',
])

/**
 * Reads one SOAP message of either version and decodes what its Body holds.
 * @throws ToolkitError XML_*, ENVELOPE_MISSING, ENVELOPE_VERSION_UNKNOWN, ENVELOPE_INVALID, MESSAGE_INVALID,
 * CONSTRUCT_UNSUPPORTED, and whatever `elementFor` throws
 */
export async function readEnvelope(source: string, options: EnvelopeOptions): Promise<EnvelopeContent> {
  const reader = createEnvelopeReader(options)
  await readXmlInSlices(source, reader)
  return reader.content()
}

type Part = 'outside' | 'envelope' | 'header' | 'body' | 'content' | 'after'

/** Takes the events of one message; `content` throws as readEnvelope and stands once the document has ended. */
export function createEnvelopeReader({ contract, rules, elementFor, headerFor, tap }: EnvelopeOptions) {
  let part: Part = 'outside'
  let version: SoapVersion | undefined
  let depth = 0
  let bodies = 0
  let headerParts = 0
  let name: QualifiedName | undefined
  let element: ElementDeclaration | undefined
  let decoder: ElementDecoder | undefined
  let faultReader: FaultReader | undefined
  let faultDepth = 0
  let bodyReader: BodyReader | undefined
  let block: ElementDecoder | undefined
  let wanted: HeaderDeclaration | undefined
  const mustUnderstand: QualifiedName[] = []
  const headers: { name: QualifiedName; json: Json }[] = []

  const openEnvelope = (tag: XmlTag) => {
    if (tag.local !== 'Envelope')
      throw new ToolkitError('ENVELOPE_MISSING', `expected a SOAP envelope, found ${tag.local.slice(0, 40)}`)
    version = versionOfNamespace(tag.uri)
    if (version === undefined)
      throw new ToolkitError(
        'ENVELOPE_VERSION_UNKNOWN',
        `no SOAP version has the envelope namespace ${tag.uri.slice(0, 100)}`,
      )
    part = 'envelope'
  }

  const openPart = (tag: XmlTag) => {
    const own = tag.uri === envelopeNamespaces[version!]
    if (own && tag.local === 'Body') {
      bodies += 1
      if (bodies > 1) throw invalid('has two Bodies')
      part = 'body'
    } else if (own && tag.local === 'Header') {
      headerParts += 1
      if (headerParts > 1 || bodies > 0) throw invalid('has a Header that is not its first child')
      part = 'header'
    } else throw invalid(`has an element ${tag.local} beside Header and Body`)
  }

  const openHeader = (tag: XmlTag, resolve: ResolvePrefix) => {
    if (depth === 3) {
      if (demandsUnderstanding(tag, envelopeNamespaces[version!])) mustUnderstand.push(tag.qname)
      wanted = headerFor?.(tag.qname)
      if (wanted === undefined) return
      if (headers.length >= maxHeaders) throw invalid(`has more than ${maxHeaders} header blocks`)
      block = createElementDecoder(wanted.element, wanted.contract, headerRules)
      headers.push({ name: tag.qname, json: null })
    }
    block?.open(withoutEnvelopeAttributes(tag, envelopeNamespaces[version!]), resolve)
  }

  const openContent = (tag: XmlTag, resolve: ResolvePrefix) => {
    part = 'content'
    if (bodyReader !== undefined) {
      bodyReader.open(tag, resolve)
      return
    }
    if (name !== undefined) throw invalid('has more than one element in its Body')
    name = tag.qname
    if (tag.uri === envelopeNamespaces[version!] && tag.local === 'Fault') {
      faultReader = createFaultReader(version!, contract)
      faultDepth = 1
      return
    }
    const chosen = elementFor(name, version!)
    if (chosen === undefined) throw invalid(`has an element ${name} in its Body, which has to be empty`)
    if (!('type' in chosen)) {
      bodyReader = bodyReaderOf(chosen, contract, rules(name))
      if (bodyReader !== undefined) {
        bodyReader.open(tag, resolve)
        return
      }
    }
    element = 'type' in chosen ? chosen : chosen.element!
    decoder = createElementDecoder(element, contract, rules(name), tap)
    decoder.open(tag, resolve)
  }

  const handler: XmlHandler = {
    open(tag, resolve) {
      depth += 1
      if (part === 'outside') openEnvelope(tag)
      else if (part === 'envelope') openPart(tag)
      else if (part === 'header') openHeader(tag, resolve)
      else if (part === 'body') openContent(tag, resolve)
      else if (bodyReader !== undefined) bodyReader.open(tag, resolve)
      else if (faultReader !== undefined) {
        faultDepth += 1
        faultReader.open(tag, resolve, 0)
      } else decoder!.open(tag, resolve)
    },
    text(text) {
      if (part === 'content') (bodyReader ?? faultReader ?? decoder!).text(text)
      else if (part === 'header') block?.text(text)
      else if ((part === 'body' || part === 'envelope') && /[^\t\n\r ]/.test(text))
        throw invalid('has text between its parts')
    },
    close(resolve) {
      depth -= 1
      if (part === 'content') {
        if (closeContent(resolve)) part = 'body'
      } else if (part === 'header' && depth >= 2) closeHeader(resolve)
      else if (depth === 1) part = 'envelope'
      else if (depth === 0) part = 'after'
    },
  }

  const closeHeader = (resolve: ResolvePrefix) => {
    if (block?.close(resolve) !== true) return
    const json = block.value()
    block = undefined
    headers.at(-1)!.json = json
    wanted?.take?.(json)
  }

  const closeContent = (resolve: ResolvePrefix): boolean => {
    if (bodyReader !== undefined) {
      bodyReader.close(resolve)
      return depth === 2
    }
    if (faultReader === undefined) return decoder!.close(resolve)
    faultDepth -= 1
    if (faultDepth > 0) faultReader.close(resolve)
    return faultDepth === 0
  }

  const content = (): EnvelopeContent => {
    if (bodies === 0) throw invalid('has no Body')
    const common = { version: version!, mustUnderstand, headers, warnings: decoder?.warnings ?? [] }
    if (faultReader !== undefined) return { ...common, kind: 'fault', fault: faultReader.fault() }
    if (name === undefined && elementFor(undefined, version!) !== undefined)
      throw invalid('has an empty Body')
    if (bodyReader !== undefined)
      return { ...common, kind: 'message', element: name, json: bodyReader.value() }
    return { ...common, kind: 'message', element: name, json: messageJson(element, decoder?.value() ?? null) }
  }

  return { ...handler, content }
}

/** mustUnderstand and its like belong to the envelope, not to the block's schema. */
function withoutEnvelopeAttributes(tag: XmlTag, envelope: string): XmlTag {
  return tag.attributes.some(({ uri }) => uri === envelope)
    ? { ...tag, attributes: tag.attributes.filter(({ uri }) => uri !== envelope) }
    : tag
}

function demandsUnderstanding(tag: XmlTag, envelope: string): boolean {
  let demanded = false
  let role = ''
  for (const { uri, local, value } of tag.attributes) {
    if (uri !== envelope) continue
    if (local === 'mustUnderstand') demanded = value.trim() === '1' || value.trim() === 'true'
    if (local === 'actor' || local === 'role') role = value.trim()
  }
  return demanded && roles.has(role)
}

function invalid(what: string): ToolkitError {
  return new ToolkitError('ENVELOPE_INVALID', `the SOAP envelope ${what}`)
}
