import { localOf, type QualifiedName, qualifiedName } from '../xml/qualified-name.ts'
import { anyType } from './any-type.ts'
import { typeNamed } from './compile-complex-type.ts'
import { elementNamed } from './compile-particle.ts'
import type { ComplexType, ElementDeclaration, ElementParticle, Message } from './contract.ts'
import { wsdlNamespace } from './load-documents.ts'
import type { Mutable } from './mutable.ts'
import { resolveName, type SchemaContext } from './schema-context.ts'
import type { XmlNode } from './xml-tree.ts'

function partsOf(message: XmlNode, body: XmlNode | undefined): XmlNode[] {
  const chosen = body?.attributes.get('parts')?.trim().split(/\s+/)
  return wsdlChildren(message, 'part').filter(
    part => chosen === undefined || chosen.includes(part.attributes.get('name') ?? ''),
  )
}

/** The parts inside a wrapper of soap:body's namespace, each named after its part, in no namespace (WS-I BP R2735). */
export function rpcMessage(
  context: SchemaContext,
  message: XmlNode,
  body: XmlNode | undefined,
  wrapper: string,
): Message {
  const items = partsOf(message, body).map((part): ElementParticle => {
    const name = qualifiedName('', part.attributes.get('name') ?? '')
    const accessor = accessorOfPart(context, part)
    const referred = accessor === undefined ? elementOfPart(context, part) : undefined
    const element: ElementDeclaration = accessor ?? {
      ...plainElement(name, anyType),
      // The type of an element is known only when all of them have been read.
      get type() {
        return referred?.type ?? anyType
      },
    }
    return { kind: 'element', min: 1, max: 1, element }
  })
  const name = qualifiedName(body?.attributes.get('namespace') ?? '', wrapper)
  const type: ComplexType = {
    kind: 'complex',
    abstract: false,
    mixed: false,
    generic: false,
    attributes: [],
    content: { kind: 'sequence', min: 1, max: 1, items },
    derived: [],
    unsupported: [],
  }
  return { name: message.attributes.get('name') ?? '', element: plainElement(name, type) }
}

function plainElement(name: QualifiedName, type: ElementDeclaration['type']): ElementDeclaration {
  return { name, type, nillable: false, abstract: false, substitutes: [], unsupported: [] }
}

export function documentMessage(
  context: SchemaContext,
  message: XmlNode,
  body: XmlNode | undefined,
  elsewhere: ReadonlySet<string>,
  unsupported: string[],
): Message {
  const name = message.attributes.get('name') ?? ''
  const all = partsOf(message, body)
  const parts =
    body?.attributes.has('parts') || all.length < 2
      ? all
      : all.filter(part => !elsewhere.has(part.attributes.get('name') ?? ''))
  const elements = parts.flatMap(part => {
    const element = elementOfPart(context, part) ?? accessorOfPart(context, part)
    if (element === undefined)
      unsupported.push(
        context.diagnostics.unsupported(part, `message ${name} has a part without an element or a type`),
      )
    return element === undefined ? [] : [element]
  })
  const names = new Set(elements.map(element => localOf(element.name)))
  if (names.size < elements.length)
    unsupported.push(
      context.diagnostics.unsupported(message, `message ${name} has several parts of the same local name`),
    )
  const element = elements[0]
  if (element === undefined) return { name }
  return elements.length === 1 ? { name, element } : { name, element, parts: elements }
}

/** A part of a type, in no namespace and named after the part: what WS-I BP R2204 forbids and old servers do. */
function accessorOfPart(context: SchemaContext, part: XmlNode): ElementDeclaration | undefined {
  const typeName = part.attributes.get('type')
  if (typeName === undefined) return undefined
  const resolved = resolveName(typeName, part)
  if (resolved === undefined) {
    context.diagnostics.error(part, `prefix of ${typeName} is not declared`)
    return undefined
  }
  const name = qualifiedName('', part.attributes.get('name') ?? '')
  const element: Mutable<ElementDeclaration> = { ...plainElement(name, anyType) }
  context.later.push(() => {
    element.type = typeNamed(context, resolved, part)
  })
  return element
}

/** The element that a part names. */
export function elementOfPart(context: SchemaContext, part: XmlNode) {
  const reference = part.attributes.get('element')
  if (reference === undefined) return undefined
  const name = resolveName(reference, part)
  if (name === undefined) {
    context.diagnostics.error(part, `prefix of ${reference} is not declared`)
    return undefined
  }
  return elementNamed(context, name, part)
}

export function wsdlChildren(node: XmlNode, local: string): XmlNode[] {
  return node.children.filter(child => child.namespace === wsdlNamespace && child.local === local)
}
