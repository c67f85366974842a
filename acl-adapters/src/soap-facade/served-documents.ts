import { posix } from 'node:path'
import type { SourceDocument } from '../contract/contract.ts'
import { escapeAttribute } from '../xml/xml-text.ts'

export type ServedDocuments = {
  /**
   * The document a client asked for, every location in it leading back to where it was asked.
   * @param query `wsdl`, `wsdl=path` or `xsd=path`, as in `/soap?wsdl`
   * @param endpoint what the client calls the service, such as `http://shop:8080/soap`
   */
  find(query: URLSearchParams, endpoint: string): string | undefined
}

/** Serves the documents of a contract byte for byte, but for the addresses and locations in them. */
export function createServedDocuments(documents: readonly SourceDocument[]): ServedDocuments {
  const paths = new Set(documents.map(({ path }) => path))
  return {
    find(query, endpoint) {
      const keys = new Map([...query].map(([key, value]) => [key.toLowerCase(), value]))
      const wanted = keys.get('xsd') ?? keys.get('wsdl')
      if (wanted === undefined) return undefined
      const path = wanted === '' ? documents[0]?.path : wanted
      const document = documents.find(candidate => candidate.path === path)
      return document === undefined ? undefined : relocate(document, paths, endpoint)
    },
  }
}

function relocate({ path, text }: SourceDocument, paths: ReadonlySet<string>, endpoint: string): string {
  const address = escapeAttribute(endpoint)
  const locate = (original: string, key: string, location: string) => {
    const target = posix.normalize(posix.join(posix.dirname(path), location.replaceAll('\\', '/')))
    return paths.has(target) ? `${address}?${key}=${encodeURIComponent(target)}` : original
  }
  let served = text.replace(
    /(<(?:[\w.-]+:)?(import|include)\b[^>]*?\s(schemaLocation|location)\s*=\s*)(?:"([^"]*)"|'([^']*)')/g,
    (whole, before: string, _element: string, attribute: string, double?: string, single?: string) => {
      const location = double ?? single ?? ''
      const moved = locate(location, attribute === 'location' ? 'wsdl' : 'xsd', location)
      return moved === location ? whole : `${before}"${moved}"`
    },
  )
  for (const prefix of soapPrefixes(text))
    served = served.replace(
      new RegExp(`(<${prefix}:address\\b[^>]*?\\slocation\\s*=\\s*)(?:"[^"]*"|'[^']*')`, 'g'),
      (_whole, before: string) => `${before}"${address}"`,
    )
  return served
}

/** Prefixes bound to a SOAP binding namespace: an http:address stays as it is. */
function soapPrefixes(text: string): Set<string> {
  const declarations = text.matchAll(
    /xmlns:([\w-]+)\s*=\s*["']http:\/\/schemas\.xmlsoap\.org\/wsdl\/soap(?:12)?\/["']/g,
  )
  return new Set([...declarations].map(match => match[1]!))
}
