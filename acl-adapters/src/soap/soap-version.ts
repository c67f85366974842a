import type { SoapVersion } from '../contract/contract.ts'

export const envelopeNamespaces: Readonly<Record<SoapVersion, string>> = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
}

export const mediaTypes: Readonly<Record<SoapVersion, string>> = {
  '1.1': 'text/xml',
  '1.2': 'application/soap+xml',
}

export function versionOfNamespace(namespace: string): SoapVersion | undefined {
  if (namespace === envelopeNamespaces['1.1']) return '1.1'
  return namespace === envelopeNamespaces['1.2'] ? '1.2' : undefined
}

export function versionOfMediaType(contentType: string): SoapVersion | undefined {
  if (contentType === 'text/xml; charset=utf-8') return '1.1'
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase()
  if (type === mediaTypes['1.1'] || type === 'application/xml') return '1.1'
  return type === mediaTypes['1.2'] ? '1.2' : undefined
}
