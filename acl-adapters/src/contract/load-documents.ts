import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, posix } from 'node:path'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { decodeXmlBytes } from '../xml/decode-bytes.ts'
import { schemaNamespace } from '../xml/qualified-name.ts'
import type { SourceDocument } from './contract.ts'
import type { Diagnostics, Place } from './diagnostic.ts'
import { readXmlTree, type XmlNode } from './xml-tree.ts'

export const wsdlNamespace = 'http://schemas.xmlsoap.org/wsdl/'
const maxDocuments = 500
const maxBytes = 20 * 1024 * 1024

/** Text of a document by its path relative to the root document's folder. Throws when it cannot be had. */
export type DocumentSource = (path: string) => string

/** An xs:schema under the namespace it was included into (XSD 1.0 §4.2.1: a chameleon takes the includer's). */
export type SchemaDocument = {
  root: XmlNode
  targetNamespace: string
  chameleon: boolean
  elementsQualified: boolean
  attributesQualified: boolean
  /** Inside an xs:redefine, a name stands for what was declared before under it. */
  renamed?: ReadonlyMap<string, string>
}

export type LoadedDocuments = {
  definitions: readonly XmlNode[]
  schemas: readonly SchemaDocument[]
  documents: readonly SourceDocument[]
}

/** Documents by their path from the folder of the root. */
export function folderSource(rootPath: string): { root: string; read: DocumentSource } {
  const folder = dirname(rootPath)
  return {
    root: basename(rootPath),
    read: path => {
      const file = join(folder, path)
      const { size } = statSync(file)
      if (size > maxBytes)
        throw new ToolkitError('XML_TOO_LARGE', `the file has ${size} bytes, the limit is ${maxBytes}`)
      return decodeXmlBytes(readFileSync(file))
    },
  }
}

/** Reads the root document and whatever it imports or includes, each once. Nothing is fetched over a network. */
export function loadDocuments(root: string, read: DocumentSource, diagnostics: Diagnostics): LoadedDocuments {
  const definitions: XmlNode[] = []
  const schemas: SchemaDocument[] = []
  const documents = new Map<string, XmlNode>()
  const texts: SourceDocument[] = []
  const seenSchemas = new Set<string>()

  const open = (path: string, from: Place): XmlNode | undefined => {
    const known = documents.get(path)
    if (known !== undefined) return known
    if (documents.size >= maxDocuments) {
      diagnostics.error(from, `more than ${maxDocuments} documents`)
      return undefined
    }
    try {
      const text = read(path)
      const node = readXmlTree(text, path)
      documents.set(path, node)
      texts.push({ path, text })
      return node
    } catch (error) {
      const line = isToolkitError(error) ? error.details.line : undefined
      if (typeof line === 'number') diagnostics.error({ file: path, line }, messageOf(error))
      else diagnostics.error(from, `cannot read ${path}: ${messageOf(error)}`)
      return undefined
    }
  }

  const addSchema = (node: XmlNode, adopted: string | undefined) => {
    const declared = node.attributes.get('targetNamespace')
    const targetNamespace = declared ?? adopted ?? ''
    const id = `${node.file}:${node.line} ${targetNamespace}`
    if (seenSchemas.has(id)) return
    seenSchemas.add(id)
    if (declared !== undefined && adopted !== undefined && declared !== adopted)
      diagnostics.error(node, `included into namespace ${adopted} but declares ${declared}`)
    schemas.push({
      root: node,
      targetNamespace,
      chameleon: declared === undefined && targetNamespace !== '',
      elementsQualified: node.attributes.get('elementFormDefault') === 'qualified',
      attributesQualified: node.attributes.get('attributeFormDefault') === 'qualified',
    })
    for (const child of node.children) followSchemaReference(child, targetNamespace)
  }

  const followSchemaReference = (node: XmlNode, targetNamespace: string) => {
    if (node.namespace !== schemaNamespace) return
    if (node.local === 'override') {
      diagnostics.error(node, 'xs:override is of XSD 1.1: write the overriding types into one schema')
      return
    }
    if (!['import', 'include', 'redefine'].includes(node.local)) return
    const path = locate(node, node.attributes.get('schemaLocation'), diagnostics)
    const document = path === undefined ? undefined : open(path, node)
    if (document === undefined) return
    if (document.namespace !== schemaNamespace || document.local !== 'schema')
      diagnostics.error(node, `${path} is not an xs:schema`)
    else addSchema(document, node.local === 'import' ? undefined : targetNamespace)
  }

  const addDefinitions = (node: XmlNode) => {
    if (definitions.includes(node)) return
    definitions.push(node)
    for (const child of node.children) {
      if (child.namespace !== wsdlNamespace) continue
      if (child.local === 'types') addTypes(child)
      if (child.local === 'import') followDefinitions(child)
    }
  }

  const addTypes = (types: XmlNode) => {
    for (const node of types.children)
      if (node.namespace === schemaNamespace && node.local === 'schema') addSchema(node, undefined)
  }

  const followDefinitions = (node: XmlNode) => {
    const path = locate(node, node.attributes.get('location'), diagnostics)
    const document = path === undefined ? undefined : open(path, node)
    if (document !== undefined) addRoot(document, node)
  }

  const addRoot = (node: XmlNode, from: Place) => {
    if (node.namespace === wsdlNamespace && node.local === 'definitions') addDefinitions(node)
    else if (node.namespace === schemaNamespace && node.local === 'schema') addSchema(node, undefined)
    else
      diagnostics.error(
        from,
        `expected wsdl:definitions or xs:schema, found ${node.local} in ${node.namespace || 'no namespace'}`,
      )
  }

  const first = open(root, { file: root, line: 1 })
  if (first !== undefined) addRoot(first, first)
  return { definitions, schemas, documents: texts }
}

function locate(node: XmlNode, location: string | undefined, diagnostics: Diagnostics): string | undefined {
  if (location === undefined) return undefined
  const relative = location.trim().replaceAll('\\', '/')
  if (/^[a-z][a-z0-9+.-]*:/i.test(relative) || relative.startsWith('/')) {
    diagnostics.warning(
      node,
      `${location} is not fetched: put a copy beside the WSDL and name it by a relative path`,
    )
    return undefined
  }
  const path = posix.normalize(posix.join(posix.dirname(node.file), relative))
  if (path.startsWith('../') && !/\.(xsd|wsdl)$/i.test(path)) {
    diagnostics.error(
      node,
      `${location} lies outside the folder of the WSDL and is no .xsd or .wsdl: put a copy beside it`,
    )
    return undefined
  }
  return path
}
