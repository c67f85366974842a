import {
  localOf,
  namespaceOf,
  type QualifiedName,
  qualifiedName,
  schemaNamespace,
} from '../xml/qualified-name.ts'
import { builtinTypes } from './builtin-types.ts'
import type { ComplexType, ElementDeclaration, SimpleType } from './contract.ts'
import type { Diagnostics, Place } from './diagnostic.ts'
import type { SchemaDocument } from './load-documents.ts'
import type { Mutable } from './mutable.ts'
import type { XmlNode } from './xml-tree.ts'

export type Definition = { node: XmlNode; document: SchemaDocument }
export type DefinitionKind = 'element' | 'type' | 'group' | 'attributeGroup' | 'attribute'

/** Everything the parts of the schema compiler share during one compilation. */
export type SchemaContext = {
  diagnostics: Diagnostics
  definitions: Readonly<Record<DefinitionKind, Map<QualifiedName, Definition>>>
  /** Elements that name another as the one they may stand in for, by that other's name. */
  substitutionMembers: ReadonlyMap<QualifiedName, readonly QualifiedName[]>
  elements: Map<QualifiedName, Mutable<ElementDeclaration>>
  types: Map<QualifiedName, SimpleType | ComplexType>
  /** Types being compiled, to find a type that is its own base. */
  underway: Set<QualifiedName>
  /** Work put off until no type is half compiled: the types of elements, which may refer back. */
  later: (() => void)[]
}

const kinds: Readonly<Record<string, DefinitionKind>> = {
  element: 'element',
  complexType: 'type',
  simpleType: 'type',
  group: 'group',
  attributeGroup: 'attributeGroup',
  attribute: 'attribute',
}

export function createSchemaContext(
  schemas: readonly SchemaDocument[],
  diagnostics: Diagnostics,
): SchemaContext {
  const definitions = {
    element: new Map<QualifiedName, Definition>(),
    type: new Map<QualifiedName, Definition>(),
    group: new Map<QualifiedName, Definition>(),
    attributeGroup: new Map<QualifiedName, Definition>(),
    attribute: new Map<QualifiedName, Definition>(),
  }
  const substitutionMembers = new Map<QualifiedName, QualifiedName[]>()
  for (const document of schemas)
    for (const node of document.root.children) {
      const kind =
        node.namespace === schemaNamespace && Object.hasOwn(kinds, node.local) ? kinds[node.local] : undefined
      const local = node.attributes.get('name')
      if (kind === undefined || local === undefined) continue
      const name = qualifiedName(document.targetNamespace, local)
      const known = definitions[kind].get(name)
      if (known !== undefined)
        diagnostics.error(
          node,
          `${node.local} ${local} is declared a second time, first at ${known.node.file}:${known.node.line}`,
        )
      else definitions[kind].set(name, { node, document })
      const head = node.attributes.get('substitutionGroup')
      if (head !== undefined) {
        const resolved = resolveName(head, node, document)
        if (resolved !== undefined)
          substitutionMembers.set(resolved, [...(substitutionMembers.get(resolved) ?? []), name])
      }
    }
  for (const document of schemas)
    for (const node of schemaChildren(document.root).filter(({ local }) => local === 'redefine'))
      for (const child of schemaChildren(node)) redefine(diagnostics, definitions, child, document)
  return {
    diagnostics,
    definitions,
    substitutionMembers,
    elements: new Map(),
    types: new Map(),
    underway: new Set(),
    later: [],
  }
}

/** The definition takes the place of the one it names as its base, which goes on under a name no schema can write. */
function redefine(
  diagnostics: Diagnostics,
  definitions: Record<DefinitionKind, Map<QualifiedName, Definition>>,
  node: XmlNode,
  document: SchemaDocument,
): void {
  const kind = Object.hasOwn(kinds, node.local) ? kinds[node.local] : undefined
  const name = qualifiedName(document.targetNamespace, node.attributes.get('name') ?? '')
  if (kind === undefined) return
  const original = definitions[kind].get(name)
  if (original === undefined) {
    diagnostics.error(node, `${node.local} ${name} is redefined but not declared in the schema named`)
    return
  }
  const kept = `${name}~${original.node.line}`
  definitions[kind].set(kept, original)
  definitions[kind].set(name, { node, document: { ...document, renamed: new Map([[name, kept]]) } })
}

/** `cust:Customer` → `{urn:…}Customer`; undefined where the prefix is bound to nothing. */
export function resolveName(
  text: string,
  node: XmlNode,
  document?: SchemaDocument,
): QualifiedName | undefined {
  const [first, second] = text.trim().split(':', 2) as [string, string | undefined]
  const prefix = second === undefined ? '' : first
  const local = second ?? first
  const namespace = node.resolve(prefix)
  if (namespace === undefined && prefix !== '') return undefined
  if ((namespace === undefined || namespace === '') && document?.chameleon)
    return qualifiedName(document.targetNamespace, local)
  return qualifiedName(namespace ?? '', local)
}

/** The name an attribute of a node refers to, with a diagnostic where it cannot be resolved. */
export function referenceOf(
  context: SchemaContext,
  { node, document }: Definition,
  attribute: string,
): QualifiedName | undefined {
  const text = node.attributes.get(attribute)
  if (text === undefined) return undefined
  const name = resolveName(text, node, document)
  if (name === undefined) context.diagnostics.error(node, `prefix of ${text} is not declared`)
  return name === undefined ? undefined : (document.renamed?.get(name) ?? name)
}

export function builtinType(name: QualifiedName): SimpleType | undefined {
  return namespaceOf(name) === schemaNamespace ? builtinTypes.get(localOf(name)) : undefined
}

/** Says that a reference leads nowhere. @returns the sentence, for what carries it on to the operations */
export function reportMissing(
  context: SchemaContext,
  place: Place,
  kind: string,
  name: QualifiedName,
): string {
  return context.diagnostics.unsupported(
    place,
    `${kind} ${name} is not declared in any document that was loaded: import the schema that declares it`,
  )
}

export function schemaChildren(node: XmlNode): XmlNode[] {
  return node.children.filter(child => child.namespace === schemaNamespace && child.local !== 'annotation')
}
