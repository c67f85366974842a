import { SaxesParser } from 'saxes'
import { clientFault } from './soap-fault.ts'

export type XmlElement = {
  namespace: string
  name: string
  /** Keyed by `{namespace}name`. */
  attributes: ReadonlyMap<string, string>
  children: XmlElement[]
  text: string
}

const maxDepth = 32
const maxElements = 5_000
const maxAttributes = 64

/**
 * Reads one XML document. No DTD, no processing instruction, no entity but the five of XML, bounded depth and size.
 * @throws SoapFault Client
 */
export function parseXml(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true })
  const open: XmlElement[] = []
  let root: XmlElement | undefined
  let elements = 0
  let attributes = 0

  parser.on('error', () => {
    throw clientFault('the request is not well-formed XML')
  })
  parser.on('doctype', () => {
    throw clientFault('a document type declaration is not accepted')
  })
  parser.on('processinginstruction', () => {
    throw clientFault('processing instructions are not accepted')
  })
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && !/^(utf-8|us-ascii)$/i.test(encoding))
      throw clientFault('the request must be encoded in UTF-8')
  })
  parser.on('attribute', () => {
    attributes += 1
    if (attributes > maxAttributes) throw clientFault(`an element has more than ${maxAttributes} attributes`)
  })
  parser.on('opentag', tag => {
    attributes = 0
    elements += 1
    if (elements > maxElements) throw clientFault(`the request has more than ${maxElements} elements`)
    if (open.length >= maxDepth) throw clientFault(`the request is nested deeper than ${maxDepth} elements`)
    const element: XmlElement = {
      namespace: tag.uri,
      name: tag.local,
      attributes: new Map(
        Object.values(tag.attributes).map(({ uri, local, value }) => [`{${uri}}${local}`, value]),
      ),
      children: [],
      text: '',
    }
    open.at(-1)?.children.push(element)
    root ??= element
    open.push(element)
  })
  parser.on('closetag', () => {
    open.pop()
  })
  const append = (part: string) => {
    const element = open.at(-1)
    if (element !== undefined) element.text += part
  }
  parser.on('text', append)
  parser.on('cdata', append)

  parser.write(text).close()
  if (root === undefined) throw clientFault('the request is not well-formed XML')
  return root
}
