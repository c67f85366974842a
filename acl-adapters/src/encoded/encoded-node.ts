import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { encoding12 } from '../contract/soap-array.ts'
import type { QualifiedName } from '../xml/qualified-name.ts'
import { qualifiedName } from '../xml/qualified-name.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import type { ResolvePrefix } from '../xml/xml-reader.ts'

/** An element of an encoded message. */
export type EncodedNode = {
  readonly name: QualifiedName
  readonly local: string
  readonly attributes: ReadonlyMap<QualifiedName, string>
  readonly children: EncodedNode[]
  text: string
  readonly resolve: ResolvePrefix
}

/** The elements of a Body, and those among all of them that others refer to. */
export type EncodedGraph = {
  readonly roots: readonly EncodedNode[]
  readonly byId: ReadonlyMap<string, EncodedNode>
}

export type GraphReader = {
  open(tag: XmlTag): void
  text(text: string): void
  close(): void
  readonly graph: EncodedGraph
}

const ids = [qualifiedName('', 'id'), qualifiedName(encoding12, 'id')]

/** Takes the events of everything in a Body. */
export function createGraphReader(): GraphReader {
  const roots: EncodedNode[] = []
  const byId = new Map<string, EncodedNode>()
  const open: EncodedNode[] = []
  return {
    graph: { roots, byId },
    open(tag) {
      const attributes = new Map<QualifiedName, string>()
      for (const { prefix, name, uri, local, value } of tag.attributes)
        if (prefix !== 'xmlns' && name !== 'xmlns') attributes.set(qualifiedName(uri, local), value.trim())
      const node: EncodedNode = {
        name: qualifiedName(tag.uri, tag.local),
        local: tag.local,
        attributes,
        children: [],
        text: '',
        resolve: prefix => tag.namespaces.resolve(prefix),
      }
      for (const id of ids) {
        const value = attributes.get(id)
        if (value === undefined) continue
        if (byId.has(value)) throw new ToolkitError('MESSAGE_INVALID', 'two elements have the same id')
        byId.set(value, node)
      }
      const parent = open.at(-1)
      if (parent === undefined) roots.push(node)
      else parent.children.push(node)
      open.push(node)
    },
    text(text) {
      const node = open.at(-1)
      if (node !== undefined) node.text += text
    },
    close() {
      open.pop()
    },
  }
}
