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

/** Tags read before what is kept of them is let go: names come from messages and must not pile up. */
const forgetAfter = 5_000

let shared = openNamespaces()
let reads = 0

/** What holds outside the root of any document. Messages of one kind have the same tags, so these are kept. */
export function sharedNamespaces(): Namespaces {
  return shared
}

/** To be called for each tag that was not known. */
export function countRead(): void {
  reads += 1
  if (reads <= forgetAfter) return
  reads = 0
  shared = openNamespaces()
}

/** Namespaces in XML 1.0 §3. */
function openNamespaces(): Namespaces {
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
