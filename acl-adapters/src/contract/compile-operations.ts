import { type QualifiedName, qualifiedName } from '../xml/qualified-name.ts'
import { elementNamed } from './compile-particle.ts'
import type { DeclaredFault, Message, Operation, SoapVersion } from './contract.ts'
import { wsdlNamespace } from './load-documents.ts'
import type { Mutable } from './mutable.ts'
import { resolveName, type SchemaContext } from './schema-context.ts'
import type { XmlNode } from './xml-tree.ts'

const soapBindings: Readonly<Record<string, SoapVersion>> = {
  'http://schemas.xmlsoap.org/wsdl/soap/': '1.1',
  'http://schemas.xmlsoap.org/wsdl/soap12/': '1.2',
}

type Draft = Mutable<Operation> & {
  actions: Map<SoapVersion, string>
  faults: DeclaredFault[]
  unsupported: string[]
}
type WsdlKind = 'message' | 'portType' | 'binding'
type WsdlIndex = Readonly<Record<WsdlKind, ReadonlyMap<QualifiedName, XmlNode>>>

/** Every operation that a service of the documents offers over SOAP. */
export function compileOperations(
  context: SchemaContext,
  definitions: readonly XmlNode[],
): Map<string, Draft> {
  const index = indexDefinitions(definitions)
  const operations = new Map<string, Draft>()
  for (const root of definitions)
    for (const service of wsdlChildren(root, 'service'))
      for (const port of wsdlChildren(service, 'port')) compilePort(context, index, operations, service, port)
  return operations
}

function indexDefinitions(definitions: readonly XmlNode[]): WsdlIndex {
  const index = { message: new Map(), portType: new Map(), binding: new Map() } as const
  for (const root of definitions) {
    const namespace = root.attributes.get('targetNamespace') ?? ''
    for (const kind of ['message', 'portType', 'binding'] as const)
      for (const node of wsdlChildren(root, kind))
        index[kind].set(qualifiedName(namespace, node.attributes.get('name') ?? ''), node)
  }
  return index
}

function compilePort(
  context: SchemaContext,
  index: WsdlIndex,
  operations: Map<string, Draft>,
  service: XmlNode,
  port: XmlNode,
): void {
  const binding = follow(context, index, 'binding', port, 'binding')
  const soap = binding?.children.find(child => child.local === 'binding' && soapBindings[child.namespace])
  if (binding === undefined || soap === undefined) return
  const version = soapBindings[soap.namespace]!
  const portType = follow(context, index, 'portType', binding, 'type')
  if (portType === undefined) return
  const names = new Set<string>()
  for (const bound of wsdlChildren(binding, 'operation')) {
    const name = bound.attributes.get('name') ?? ''
    const declarations = wsdlChildren(portType, 'operation').filter(
      node => node.attributes.get('name') === name,
    )
    const overloaded = names.has(name) || declarations.length > 1
    names.add(name)
    const known = operations.get(name)
    const action = soapChild(bound, 'operation')?.attributes.get('soapAction') ?? ''
    if (declarations[0] === undefined)
      context.diagnostics.error(bound, `operation ${name} is not in the port type`)
    else if (known === undefined) {
      const operation = compileOperation(context, index, bound, declarations[0], soap)
      operation.actions.set(version, action)
      operation.service = service.attributes.get('name') ?? ''
      operation.port = port.attributes.get('name') ?? ''
      operations.set(name, operation)
    } else if (!overloaded) bindAgain(context, known, bound, version, action)
    if (overloaded)
      operations
        .get(name)
        ?.unsupported.push(context.diagnostics.unsupported(bound, `operation ${name} is overloaded`))
  }
}

/** One operation at several ports: the same in both SOAP versions, or another that only has its name. */
function bindAgain(
  context: SchemaContext,
  operation: Draft,
  bound: XmlNode,
  version: SoapVersion,
  action: string,
): void {
  if (!operation.actions.has(version)) operation.actions.set(version, action)
  else if (operation.actions.get(version) !== action)
    context.diagnostics.warning(
      bound,
      `operation ${operation.name} is left out: another port has one of that name`,
    )
}

function compileOperation(
  context: SchemaContext,
  index: WsdlIndex,
  bound: XmlNode,
  declaration: XmlNode,
  soap: XmlNode,
): Draft {
  const name = bound.attributes.get('name') ?? ''
  const unsupported: string[] = []
  const style =
    soapChild(bound, 'operation')?.attributes.get('style') ?? soap.attributes.get('style') ?? 'document'
  if (style === 'rpc')
    unsupported.push(context.diagnostics.unsupported(bound, `operation ${name} is of style rpc`))
  let use: Operation['use'] = 'literal'
  const message = (direction: 'input' | 'output'): Message | undefined => {
    const node = wsdlChildren(declaration, direction)[0]
    if (node === undefined) return undefined
    const binding = wsdlChildren(bound, direction)[0]
    const body = binding === undefined ? undefined : soapChild(binding, 'body')
    if (body?.attributes.get('use') === 'encoded') {
      use = 'encoded'
      unsupported.push(context.diagnostics.unsupported(body, `${direction} of ${name} is encoded`))
    }
    if (binding !== undefined && soapChild(binding, 'header') !== undefined)
      unsupported.push(context.diagnostics.unsupported(binding, `${direction} of ${name} binds SOAP headers`))
    if (binding?.children.some(child => child.local === 'multipartRelated'))
      unsupported.push(context.diagnostics.unsupported(binding, `${direction} of ${name} is MIME multipart`))
    return bodyMessage(context, index, node, body, unsupported, style === 'document')
  }
  const input = message('input')
  const output = message('output')
  if (input === undefined)
    unsupported.push(context.diagnostics.unsupported(declaration, `operation ${name} takes no request`))
  return {
    name,
    service: '',
    port: '',
    style: style === 'rpc' ? 'rpc' : 'document',
    use,
    actions: new Map(),
    input: input ?? { name },
    ...(output === undefined ? {} : { output }),
    faults: compileFaults(context, index, declaration),
    unsupported,
  }
}

function bodyMessage(
  context: SchemaContext,
  index: WsdlIndex,
  node: XmlNode,
  body: XmlNode | undefined,
  unsupported: string[],
  document: boolean,
): Message | undefined {
  const message = follow(context, index, 'message', node, 'message')
  if (message === undefined) return undefined
  const name = message.attributes.get('name') ?? ''
  if (!document) return { name }
  const chosen = body?.attributes.get('parts')?.split(/\s+/)
  const parts = wsdlChildren(message, 'part').filter(
    part => chosen === undefined || chosen.includes(part.attributes.get('name') ?? ''),
  )
  const part = parts[0]
  if (part === undefined) return { name }
  if (parts.length > 1)
    unsupported.push(context.diagnostics.unsupported(message, `message ${name} has several parts`))
  const element = elementOfPart(context, part)
  if (element === undefined) {
    unsupported.push(context.diagnostics.unsupported(part, `message ${name} has a part without an element`))
    return { name }
  }
  return { name, element }
}

function compileFaults(context: SchemaContext, index: WsdlIndex, declaration: XmlNode): DeclaredFault[] {
  const faults: DeclaredFault[] = []
  for (const node of wsdlChildren(declaration, 'fault')) {
    const message = follow(context, index, 'message', node, 'message')
    const part = message === undefined ? undefined : wsdlChildren(message, 'part')[0]
    const element = part === undefined ? undefined : elementOfPart(context, part)
    if (element !== undefined) faults.push({ name: node.attributes.get('name') ?? '', element })
    else if (message !== undefined)
      context.diagnostics.warning(
        node,
        `fault ${node.attributes.get('name')} has no element: its detail is not typed`,
      )
  }
  return faults
}

function elementOfPart(context: SchemaContext, part: XmlNode) {
  const reference = part.attributes.get('element')
  if (reference === undefined) return undefined
  const name = resolveName(reference, part)
  if (name === undefined) {
    context.diagnostics.error(part, `prefix of ${reference} is not declared`)
    return undefined
  }
  return elementNamed(context, name, part)
}

function follow(
  context: SchemaContext,
  index: WsdlIndex,
  kind: WsdlKind,
  node: XmlNode,
  attribute: string,
): XmlNode | undefined {
  const reference = node.attributes.get(attribute)
  const name = reference === undefined ? undefined : resolveName(reference, node)
  const found = name === undefined ? undefined : index[kind].get(name)
  if (found === undefined) context.diagnostics.error(node, `${kind} ${reference ?? '(none)'} is not declared`)
  return found
}

function wsdlChildren(node: XmlNode, local: string): XmlNode[] {
  return node.children.filter(child => child.namespace === wsdlNamespace && child.local === local)
}

function soapChild(node: XmlNode, local: string): XmlNode | undefined {
  return node.children.find(child => child.local === local && soapBindings[child.namespace] !== undefined)
}
