import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '..', '..', 'schemas')

const files: Readonly<Record<string, string>> = {
  'http://www.w3.org/XML/1998/namespace': 'xml.xsd',
  'http://schemas.xmlsoap.org/soap/encoding/': 'soap-encoding-11.xsd',
  'http://www.w3.org/2003/05/soap-encoding': 'soap-encoding-12.xsd',
  'http://schemas.xmlsoap.org/soap/envelope/': 'soap-envelope-11.xsd',
  'http://www.w3.org/2003/05/soap-envelope': 'soap-envelope-12.xsd',
  'http://www.w3.org/2005/08/addressing': 'addressing-10.xsd',
  'http://schemas.xmlsoap.org/ws/2004/08/addressing': 'addressing-2004.xsd',
  'http://www.w3.org/2004/08/xop/include': 'xop-include.xsd',
  'http://www.w3.org/2005/05/xmlmime': 'xmlmime-2005.xsd',
  'http://www.w3.org/2004/11/xmlmime': 'xmlmime-2004.xsd',
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd': 'wss-utility.xsd',
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd': 'wss-extension.xsd',
}

/** Namespaces whose schema comes with this package, since WSDLs name it by an address on the network or not at all. */
export const knownNamespaces: readonly string[] = Object.keys(files)

export function isKnownNamespace(namespace: string | undefined): boolean {
  return namespace !== undefined && Object.hasOwn(files, namespace)
}

/** The schema of a known namespace, and the name that diagnostics give it. */
export function knownSchema(namespace: string): { file: string; text: string } {
  const file = files[namespace]!
  return { file: `(known) ${file}`, text: readFileSync(join(folder, file), 'utf8') }
}
