import type { EncodeContract } from '../codec/encode-context.ts'
import { encodeElement } from '../codec/encode-element.ts'
import { emptyObject, type Json } from '../codec/json.ts'
import type { DeclaredFault, SoapVersion } from '../contract/contract.ts'
import { escapeText, isXmlText } from '../xml/xml-text.ts'
import { codeFor12, type SoapFault } from './soap-fault.ts'
import { envelopeNamespaces } from './soap-version.ts'

/** The envelope around header blocks and a Body that the codec has written. */
export function writeEnvelope(version: SoapVersion, body: string, headers = ''): string {
  const header = headers === '' ? '' : `<soap:Header>${headers}</soap:Header>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="${envelopeNamespaces[version]}">${header}<soap:Body>${body}</soap:Body></soap:Envelope>`
}

export type OutgoingFault = { code: string; reason: string; detail?: { fault: DeclaredFault; value: Json } }

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
  const body =
    version === '1.1'
      ? `<soap:Fault><faultcode>soap:${fault.code}</faultcode><faultstring>${reason}</faultstring>${detail === '' ? '' : `<detail>${detail}</detail>`}</soap:Fault>`
      : `<soap:Fault><soap:Code><soap:Value>soap:${codeFor12(fault.code)}</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">${reason}</soap:Text></soap:Reason>${detail === '' ? '' : `<soap:Detail>${detail}</soap:Detail>`}</soap:Fault>`
  return writeEnvelope(version, body)
}

/** A fault to look at in code, without detail. */
export function faultOf(code: string, reason: string): SoapFault {
  return { code, subcodes: [], reason, detail: emptyObject(), undeclaredDetail: [] }
}
