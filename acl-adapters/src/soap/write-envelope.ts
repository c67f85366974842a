import type { EncodeContract } from '../codec/encode-context.ts'
import { encodeElement } from '../codec/encode-element.ts'
import { emptyObject, type Json } from '../codec/json.ts'
import type { DeclaredFault, SoapVersion } from '../contract/contract.ts'
import { localOf, namespaceOf } from '../xml/qualified-name.ts'
import { escapeAttribute, escapeText, isXmlText } from '../xml/xml-text.ts'
import { codeFor12, type SoapFault } from './soap-fault.ts'
import { envelopeNamespaces } from './soap-version.ts'

/** The envelope around header blocks and a Body that the codec has written. */
export function writeEnvelope(version: SoapVersion, body: string, headers = ''): string {
  const header = headers === '' ? '' : `<soap:Header>${headers}</soap:Header>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="${envelopeNamespaces[version]}">${header}<soap:Body>${body}</soap:Body></soap:Envelope>`
}

export type OutgoingFault = {
  /** As in SoapFault: `Client.Auth`, or `{namespace}local`. */
  code: string
  /** SOAP 1.2 only: `{namespace}local`, outermost first. */
  subcodes?: readonly string[]
  reason: string
  actor?: string
  detail?: { fault: DeclaredFault; value: Json }
}

export function plainFault(
  code: 'Client' | 'Server' | 'MustUnderstand' | 'VersionMismatch',
  reason: string,
): OutgoingFault {
  return { code, reason }
}

/**
 * A fault in the shape of its SOAP version (1.1 §4.4, 1.2 §5.4).
 * @throws ToolkitError VALUE_REFUSED where the detail is not of the fault's schema
 */
export function writeFault(version: SoapVersion, fault: OutgoingFault, contract: EncodeContract): string {
  const detail =
    fault.detail === undefined ? '' : encodeElement(fault.detail.fault.element, fault.detail.value, contract)
  const reason = escapeText(isXmlText(fault.reason) ? fault.reason : 'the request failed')
  const actor = fault.actor === undefined || !isXmlText(fault.actor) ? '' : escapeText(fault.actor)
  const body =
    version === '1.1'
      ? `<soap:Fault>${writeCode11(fault.code)}<faultstring>${reason}</faultstring>${tag('faultactor', actor)}${tag('detail', detail)}</soap:Fault>`
      : `<soap:Fault>${writeCode12(fault)}<soap:Reason><soap:Text xml:lang="en">${reason}</soap:Text></soap:Reason>${tag('soap:Role', actor)}${tag('soap:Detail', detail)}</soap:Fault>`
  return writeEnvelope(version, body)
}

function tag(name: string, content: string): string {
  return content === '' ? '' : `<${name}>${content}</${name}>`
}

function writeCode11(code: string): string {
  if (!code.startsWith('{')) return `<faultcode>soap:${code}</faultcode>`
  const namespace = escapeAttribute(namespaceOf(code))
  if (namespace === '') return `<faultcode>${localOf(code)}</faultcode>`
  return `<faultcode xmlns:code="${namespace}">code:${localOf(code)}</faultcode>`
}

/** A code that 1.2 does not have goes into a Subcode, where it is kept. */
function writeCode12({ code, subcodes = [] }: OutgoingFault): string {
  const all = code.startsWith('{') ? [code, ...subcodes] : subcodes
  const nested = all.reduceRight(
    (inner, subcode) =>
      `<soap:Subcode><soap:Value xmlns:code="${escapeAttribute(namespaceOf(subcode))}">code:${localOf(subcode)}</soap:Value>${inner}</soap:Subcode>`,
    '',
  )
  return `<soap:Code><soap:Value>soap:${codeFor12(code)}</soap:Value>${nested}</soap:Code>`
}

/** A fault to look at in code, without detail. */
export function faultOf(code: string, reason: string): SoapFault {
  return { code, subcodes: [], reason, detail: emptyObject(), undeclaredDetail: [] }
}
