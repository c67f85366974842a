import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, posix, relative, sep } from 'node:path'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { decodeXmlBytes } from '../xml/decode-bytes.ts'
import { schemaNamespace } from '../xml/qualified-name.ts'
import type { SourceDocument } from './contract.ts'
import type { Diagnostics, Place } from './diagnostic.ts'
import { isKnownNamespace, knownNamespaces, knownSchema } from './known-schemas.ts'
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

/**
 * Documents by their path from the folder of the root document.
 * @param within nothing outside this folder is read, whatever a document imports and wherever a link leads
 */
export function folderSource(
  rootPath: string,
  within = dirname(rootPath),
): { root: string; read: DocumentSource } {
  const folder = dirname(rootPath)
  return {
    root: basename(rootPath),
    read: path => {
      const file = realpathSync(join(folder, path))
      const way = relative(realpathSync(within), file)
      const isInside = way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
      // The root itself was named by whoever asks, and may be a link.
      if (!isInside && path !== basename(rootPath))
        throw new ToolkitError(
          'DOCUMENT_OUTSIDE',
          'it lies outside the folder of the WSDL: put a copy beside it, or name a folder above both by --root',
        )
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

  const has = (node: XmlNode, location: string): boolean => {
    if (isAddress(location.trim())) return false
    try {
      read(pathFrom(node, location))
      return true
    } catch {
      return false
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
    const location = node.attributes.get('schemaLocation')
    const namespace = node.local === 'import' ? node.attributes.get('namespace') : undefined
    // A copy beside the WSDL comes before the one of this package.
    if (isKnownNamespace(namespace) && (location === undefined || !has(node, location))) return
    const path = locate(node, location, diagnostics)
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

  /** A document may use a known namespace without saying where its schema is, or without importing it at all. */
  const addKnown = (text: string) => {
    for (const namespace of knownNamespaces) {
      const isUsed = text.includes(`"${namespace}"`) || text.includes(`'${namespace}'`)
      if (!isUsed || schemas.some(({ targetNamespace }) => targetNamespace === namespace)) continue
      const known = knownSchema(namespace)
      addSchema(readXmlTree(known.text, known.file), undefined)
      addKnown(known.text)
    }
  }

  const first = open(root, { file: root, line: 1 })
  if (first !== undefined) addRoot(first, first)
  for (const { text } of texts) addKnown(text)
  return { definitions, schemas, documents: texts }
}

function locate(node: XmlNode, location: string | undefined, diagnostics: Diagnostics): string | undefined {
  if (location === undefined) return undefined
  const relative = location.trim().replaceAll('\\', '/')
  if (isAddress(relative)) {
    diagnostics.warning(
      node,
      `${location} is not fetched: put a copy beside the WSDL and name it by a relative path`,
    )
    return undefined
  }
  return pathFrom(node, relative)
}

/** The path of a location in a document, from the folder of the root document. */
function pathFrom(node: XmlNode, location: string): string {
  return posix.normalize(posix.join(posix.dirname(node.file), location.trim().replaceAll('\\', '/')))
}

function isAddress(location: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(location) || location.startsWith('/')
}
