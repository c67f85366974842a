import { namespaceOf, type QualifiedName, qualifiedName } from '../xml/qualified-name.ts'
import { anyType } from './any-type.ts'
import type { ComplexType, SimpleType } from './contract.ts'
import { wsdlNamespace } from './load-documents.ts'
import type { Mutable } from './mutable.ts'
import { type Definition, resolveName, type SchemaContext, schemaChildren } from './schema-context.ts'
import type { XmlNode } from './xml-tree.ts'

export const encoding11 = 'http://schemas.xmlsoap.org/soap/encoding/'
export const encoding12 = 'http://www.w3.org/2003/05/soap-encoding'

type TypeNamed = (context: SchemaContext, name: QualifiedName, node: XmlNode) => SimpleType | ComplexType

export function isArrayName(name: QualifiedName | undefined): boolean {
  return name === qualifiedName(encoding11, 'Array') || name === qualifiedName(encoding12, 'Array')
}

/**
 * Makes an array of the SOAP encoding of a type that restricts soapenc:Array. What its items are is said by
 * wsdl:arrayType (WSDL 1.1 §2.2), as `tns:Line[]`, or by the one repeated element of its content.
 */
export function makeSoapArray(
  context: SchemaContext,
  { node }: Definition,
  type: Mutable<ComplexType>,
  typeNamed: TypeNamed,
): void {
  const attribute = schemaChildren(node).find(child => child.attributes.has(arrayTypeName))
  const text = attribute?.attributes.get(arrayTypeName)
  const array: Mutable<NonNullable<ComplexType['soapArray']>> = { item: anyType }
  type.soapArray = array
  if (text === undefined || attribute === undefined) {
    context.later.push(() => {
      if (type.content !== undefined) array.item = soleItem(type.content) ?? anyType
    })
    return
  }
  const [, name = '', dimensions = ''] = /^\s*([^[\s]+)\s*((?:\[[^\]]*\]\s*)*)$/.exec(text) ?? []
  if (dimensions.includes(',')) {
    const said = context.diagnostics.unsupported(attribute, `an array of several dimensions, ${text.trim()}`)
    type.unsupported = [...type.unsupported, said]
    return
  }
  const resolved = resolveName(name, attribute)
  if (resolved === undefined) {
    context.diagnostics.error(attribute, `prefix of ${name} is not declared`)
    return
  }
  context.later.push(() => {
    let item = typeNamed(context, resolved, attribute)
    // `xs:int[][]` is an array of arrays.
    for (let more = dimensions.split('[').length - 2; more > 0; more -= 1) item = arrayOf(item)
    array.item = item
  })
}

const arrayTypeName = qualifiedName(wsdlNamespace, 'arrayType')

/** soapenc:Array itself: items of any type. */
export function arrayOf(item: SimpleType | ComplexType): ComplexType {
  return {
    kind: 'complex',
    abstract: false,
    mixed: false,
    generic: false,
    attributes: [],
    derived: [],
    unsupported: [],
    soapArray: { item },
  }
}

export function isEncoding(name: QualifiedName): boolean {
  const namespace = namespaceOf(name)
  return namespace === encoding11 || namespace === encoding12
}

function soleItem(content: NonNullable<ComplexType['content']>): SimpleType | ComplexType | undefined {
  if (content.kind === 'element') return content.element.type
  if (content.kind === 'any' || content.items.length !== 1) return undefined
  return soleItem(content.items[0]!)
}
