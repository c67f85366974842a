import { localOf, type QualifiedName, qualifiedName } from '../xml/qualified-name.ts'
import { documentMessage, elementOfPart, rpcMessage, wsdlChildren } from './compile-message.ts'
import type { DeclaredFault, ElementDeclaration, Message, Operation, SoapVersion } from './contract.ts'
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
  lossy: string[]
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
  const declared = operationsOf(portType)
  const turns = new Map<string, number>()
  for (const bound of wsdlChildren(binding, 'operation')) {
    const name = bound.attributes.get('name') ?? ''
    const turn = turns.get(name) ?? 0
    turns.set(name, turn + 1)
    const declaration = declarationOf(declared, bound, turn)
    if (declaration === undefined) {
      context.diagnostics.unsupported(bound, `operation ${name} is left out: it is not in the port type`)
      continue
    }
    const key = turn === 0 ? name : overloadName(declaration, operations, service, port)
    const known = operations.get(key)
    const action = soapChild(bound, 'operation')?.attributes.get('soapAction') ?? ''
    if (known !== undefined) bindAgain(context, known, bound, version, action)
    else {
      const operation = compileOperation(context, index, bound, declaration, soap)
      operation.name = key
      operation.actions.set(version, action)
      operation.service = service.attributes.get('name') ?? ''
      operation.port = port.attributes.get('name') ?? ''
      operations.set(key, operation)
    }
  }
}

function operationsOf(portType: XmlNode): ReadonlyMap<string, readonly XmlNode[]> {
  return Map.groupBy(wsdlChildren(portType, 'operation'), node => node.attributes.get('name') ?? '')
}

/** The port type's operation that a bound one means: among overloads the one whose messages have the same names. */
function declarationOf(
  declared: ReadonlyMap<string, readonly XmlNode[]>,
  bound: XmlNode,
  turn: number,
): XmlNode | undefined {
  const all = declared.get(bound.attributes.get('name') ?? '') ?? []
  if (all.length < 2) return all[0]
  const named = (node: XmlNode, direction: string) => wsdlChildren(node, direction)[0]?.attributes.get('name')
  const same = all.filter(node =>
    ['input', 'output'].every(direction => {
      const wanted = named(bound, direction)
      return wanted === undefined || wanted === named(node, direction)
    }),
  )
  return same.length === 1 ? same[0] : all[turn]
}

/** Overloads after the first are told apart by their input message: `Find.FindByNameIn`. */
function overloadName(
  declaration: XmlNode,
  operations: ReadonlyMap<string, Draft>,
  service: XmlNode,
  port: XmlNode,
): string {
  const input = wsdlChildren(declaration, 'input')[0]
  const message = input?.attributes.get('message') ?? ''
  const base = `${declaration.attributes.get('name')}.${message.slice(message.indexOf(':') + 1)}`
  const here = (key: string) => {
    const known = operations.get(key)
    return known?.service === service.attributes.get('name') && known?.port === port.attributes.get('name')
  }
  let key = base
  for (let count = 2; here(key); count += 1) key = `${base}.${count}`
  return key
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
  const lossy: string[] = []
  const style =
    soapChild(bound, 'operation')?.attributes.get('style') ?? soap.attributes.get('style') ?? 'document'
  let use: Operation['use'] = 'literal'
  const message = (direction: 'input' | 'output'): Message | undefined => {
    const node = wsdlChildren(declaration, direction)[0]
    if (node === undefined) return undefined
    const binding = wsdlChildren(bound, direction)[0]
    const body = binding === undefined ? undefined : bodyOf(binding)
    const encoded = body?.attributes.get('use') === 'encoded'
    if (encoded) use = 'encoded'
    if (encoded && style !== 'rpc')
      unsupported.push(
        context.diagnostics.unsupported(
          body,
          `${direction} of ${name} is document/encoded: only rpc/encoded is read`,
        ),
      )
    const headers = binding === undefined ? [] : headersOf(context, index, binding, lossy)
    const found = follow(context, index, 'message', node, 'message')
    if (found === undefined) {
      unsupported.push(`the ${direction} message of ${name} is not declared (${node.file}:${node.line})`)
      return undefined
    }
    const wrapper = direction === 'input' ? name : `${name}Response`
    const part =
      style === 'rpc'
        ? rpcMessage(context, found, body, wrapper)
        : documentMessage(context, found, body, headerParts(binding), unsupported)
    return {
      ...part,
      ...(headers.length === 0 ? {} : { headers }),
      ...(encoded && style === 'rpc' ? { encoded: soapBindings[soap.namespace]! } : {}),
    }
  }
  const input = message('input')
  const output = message('output')
  if ([input, output].some(one => one?.encoded !== undefined))
    lossy.push('a value that is referred to several times becomes as many equal ones')
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
    faults: compileFaults(context, index, declaration, lossy),
    lossy,
    unsupported,
  }
}

/** soap:body, which a multipart message has in its first part; what else is attached is no part of the Body. */
function bodyOf(binding: XmlNode): XmlNode | undefined {
  const own = soapChild(binding, 'body')
  if (own !== undefined) return own
  const parts = binding.children.find(({ local }) => local === 'multipartRelated')?.children ?? []
  return parts.map(part => soapChild(part, 'body')).find(body => body !== undefined)
}

function soapHeaders(binding: XmlNode): XmlNode[] {
  return binding.children.filter(({ local, namespace }) => local === 'header' && soapBindings[namespace])
}

/** Parts of the Body's own message that travel as header blocks. */
function headerParts(binding: XmlNode | undefined): ReadonlySet<string> {
  return new Set(
    (binding === undefined ? [] : soapHeaders(binding)).map(header => header.attributes.get('part') ?? ''),
  )
}

function headersOf(
  context: SchemaContext,
  index: WsdlIndex,
  binding: XmlNode,
  lossy: string[],
): ElementDeclaration[] {
  if (binding.children.some(({ local }) => local === 'multipartRelated'))
    lossy.push(`attachments are not carried (${binding.file}:${binding.line})`)
  return soapHeaders(binding).flatMap(header => {
    const message = follow(context, index, 'message', header, 'message')
    const name = header.attributes.get('part')
    const part =
      message === undefined
        ? undefined
        : wsdlChildren(message, 'part').find(node => node.attributes.get('name') === name)
    const element = part === undefined ? undefined : elementOfPart(context, part)
    if (element === undefined) lossy.push(`header ${name} has no element (${header.file}:${header.line})`)
    return element === undefined ? [] : [element]
  })
}

function compileFaults(
  context: SchemaContext,
  index: WsdlIndex,
  declaration: XmlNode,
  lossy: string[],
): DeclaredFault[] {
  const faults: DeclaredFault[] = []
  for (const node of wsdlChildren(declaration, 'fault')) {
    const message = follow(context, index, 'message', node, 'message')
    const part = message === undefined ? undefined : wsdlChildren(message, 'part')[0]
    const element = part === undefined ? undefined : elementOfPart(context, part)
    if (element !== undefined) faults.push({ name: node.attributes.get('name') ?? '', element })
    else if (message !== undefined) {
      const reason = `fault ${node.attributes.get('name')} has no element: its detail is not typed`
      context.diagnostics.warning(node, reason)
      lossy.push(`${reason} (${node.file}:${node.line})`)
    }
  }
  return faults
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
  // A reference without a prefix, where no default namespace is declared, is meant for the WSDL's own.
  const local = name?.startsWith('{}')
    ? [...index[kind]].find(([key]) => localOf(key) === localOf(name))
    : undefined
  const found = name === undefined ? undefined : (index[kind].get(name) ?? local?.[1])
  if (found === undefined)
    context.diagnostics.unsupported(node, `${kind} ${reference ?? '(none)'} is not declared`)
  return found
}

function soapChild(node: XmlNode, local: string): XmlNode | undefined {
  return node.children.find(child => child.local === local && soapBindings[child.namespace] !== undefined)
}
