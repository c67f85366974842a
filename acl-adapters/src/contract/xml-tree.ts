import { qualifiedName } from '../xml/qualified-name.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import { messageLimits, type ResolvePrefix, readXml, type XmlLimits } from '../xml/xml-reader.ts'

/** An element of a WSDL or XSD document, with what a diagnostic needs. */
export type XmlNode = {
  namespace: string
  local: string
  file: string
  line: number
  /** unqualified attributes by local name, others by `{ns}local` */
  attributes: ReadonlyMap<string, string>
  children: readonly XmlNode[]
  /** Namespace bound to a prefix here; '' asks for the default namespace. */
  resolve(prefix: string): string | undefined
}

const documentLimits: XmlLimits = { ...messageLimits, characters: 20 * 1024 * 1024, instructions: 'skip' }

/**
 * Reads a WSDL or XSD document of at most 20 M characters.
 * @param file the name diagnostics give it
 * @throws ToolkitError XML_*, see readXml
 */
export function readXmlTree(source: string, file: string): XmlNode {
  const open: (XmlNode & { children: XmlNode[] })[] = []
  let root: XmlNode | undefined
  readXml(
    withoutLateDeclaration(source),
    {
      open(tag, resolve, line) {
        const parent = open.at(-1)
        const node = createNode(tag, resolve, file, line)
        if (parent === undefined) root = node
        else parent.children.push(node)
        open.push(node)
      },
      text() {},
      close() {
        open.pop()
      },
    },
    documentLimits,
  )
  return root!
}

/** A blank line or a licence before the XML declaration is a common slip of whoever saved the file. */
function withoutLateDeclaration(source: string): string {
  return source.replace(/^\uFEFF?((?:\s|<!--[\s\S]*?-->)+)<\?xml\s[^>]*\?>/, '$1')
}

function createNode(tag: XmlTag, resolve: ResolvePrefix, file: string, line: number) {
  const attributes = new Map<string, string>()
  for (const { uri, local, value, prefix, name } of tag.attributes) {
    if (prefix === 'xmlns' || name === 'xmlns') continue
    // A name is an NCName, which blanks around it are no part of.
    attributes.set(uri === '' ? local : qualifiedName(uri, local), name === 'name' ? value.trim() : value)
  }
  return {
    namespace: tag.uri,
    local: tag.local,
    file,
    line,
    attributes,
    children: [] as XmlNode[],
    resolve,
  }
}
