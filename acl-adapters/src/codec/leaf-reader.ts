import type { SimpleType } from '../contract/contract.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import type { ResolvePrefix } from '../xml/xml-reader.ts'
import type { Edge } from './content-model.ts'
import type { JsonObject } from './json.ts'
import { isOpen } from './labelled-value.ts'
import { readerOf, type SimpleReader } from './simple-reader.ts'

/** A child of simple type that is read without a frame of its own. */
export type Leaf = {
  edge: Edge
  read: SimpleReader
  /** Its start tag, in case it does need one. */
  tag: XmlTag
  resolve: ResolvePrefix
  object: JsonObject
}

const leafReaders = new WeakMap<Edge, SimpleReader | 'none'>()

/** How the child at an edge is read where it has no attributes; undefined where more than its text counts. */
export function leafReader(edge: Edge): SimpleReader | undefined {
  let reader = leafReaders.get(edge)
  if (reader === undefined) {
    const { particle, element } = edge
    const isLeaf =
      particle.kind === 'element' &&
      element === particle.element &&
      element.type.kind === 'simple' &&
      !isOpen(element) &&
      element.defaultValue === undefined &&
      element.fixedValue === undefined &&
      element.unsupported.length === 0
    reader = isLeaf ? readerOf(element.type as SimpleType) : 'none'
    leafReaders.set(edge, reader)
  }
  return reader === 'none' ? undefined : reader
}
