import { xmlNamespace } from './qualified-name.ts'
import type { XmlTag } from './read-tag.ts'
import type { ResolvePrefix } from './xml-reader.ts'

export const declarationNamespace = 'http://www.w3.org/2000/xmlns/'

/** The declarations in force at one place of a document. */
export type Namespaces = {
  readonly resolve: ResolvePrefix
  /** Tags read under these declarations, by their text. */
  readonly tags: Map<string, XmlTag>
}

/** What holds outside the root (Namespaces in XML 1.0 §3). */
export function openNamespaces(): Namespaces {
  return {
    resolve: prefix =>
      prefix === 'xml' ? xmlNamespace : prefix === 'xmlns' ? declarationNamespace : undefined,
    tags: new Map(),
  }
}

/** The declarations of an element on top of those around it; '' declares the default namespace. */
export function nestNamespaces(outer: Namespaces, own: ReadonlyMap<string, string>): Namespaces {
  return { resolve: prefix => own.get(prefix) ?? outer.resolve(prefix), tags: new Map() }
}
