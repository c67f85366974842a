import { namespaceOf, type QualifiedName, qualifiedName, schemaNamespace } from '../xml/qualified-name.ts'
import { anyType } from './any-type.ts'
import { compileComplexType, typeNamed } from './compile-complex-type.ts'
import { compileSimpleType } from './compile-simple-type.ts'
import type { ElementDeclaration, GroupParticle, Occurs, Particle } from './contract.ts'
import { isDelimited } from './group-bounds.ts'
import type { Mutable } from './mutable.ts'
import {
  type Definition,
  referenceOf,
  reportMissing,
  type SchemaContext,
  schemaChildren,
} from './schema-context.ts'
import { wildcardOf } from './wildcard.ts'
import type { XmlNode } from './xml-tree.ts'

const maxGroupNesting = 32

/**
 * Compiles a sequence, choice, all, group reference or element; undefined where it can never occur.
 * @param unsupported takes a sentence for what the codec cannot carry
 */
export function compileParticle(
  context: SchemaContext,
  definition: Definition,
  unsupported: string[],
  nesting = 0,
): Particle | undefined {
  const { node, document } = definition
  const occurs = occursOf(context, definition)
  if (occurs.max === 0) return undefined
  switch (node.local) {
    case 'element':
      return { kind: 'element', ...occurs, element: compileLocalElement(context, definition) }
    case 'sequence':
    case 'choice':
    case 'all':
      return checkBounds(context, node, {
        kind: node.local,
        ...occurs,
        items: schemaChildren(node)
          .map(child => compileParticle(context, { node: child, document }, unsupported, nesting))
          .filter(item => item !== undefined),
      })
    case 'group': {
      const name = referenceOf(context, definition, 'ref')
      const group = name === undefined ? undefined : context.definitions.group.get(name)
      if (name === undefined) return undefined
      if (group === undefined) {
        unsupported.push(reportMissing(context, node, 'group', name))
        return undefined
      }
      if (nesting > maxGroupNesting) {
        context.diagnostics.error(node, `group ${name} contains itself`)
        return undefined
      }
      const model = schemaChildren(group.node)[0]
      if (model === undefined) return undefined
      const content = compileParticle(context, { ...group, node: model }, unsupported, nesting + 1)
      if (content === undefined) return undefined
      const repeated = { ...content, ...occurs }
      return isGroup(repeated) ? checkBounds(context, node, repeated) : repeated
    }
    case 'any':
      return { kind: 'any', ...occurs, wildcard: wildcardOf(node, document.targetNamespace) }
    default:
      unsupported.push(context.diagnostics.unsupported(node, `xs:${node.local}`))
      return undefined
  }
}

function isGroup(particle: Particle): particle is GroupParticle {
  return particle.kind !== 'element' && particle.kind !== 'any'
}

function checkBounds(context: SchemaContext, node: XmlNode, group: GroupParticle): GroupParticle {
  const { undelimited: _outer, ...plain } = group
  if (group.max <= 1 || isDelimited(group)) return plain
  const said = `the items of a repeated ${group.kind} cannot be told apart: none of its elements marks where one begins or ends`
  context.diagnostics.warning(node, said)
  return { ...plain, undelimited: `${said} (${node.file}:${node.line})` }
}

/** The global element of that name; compiled on first use. */
export function elementNamed(
  context: SchemaContext,
  name: QualifiedName,
  from: Definition['node'],
): ElementDeclaration | undefined {
  const known = context.elements.get(name)
  if (known !== undefined) return known
  const definition = context.definitions.element.get(name)
  if (definition === undefined) {
    // A schema inside a message, as .NET's data sets have it.
    if (namespaceOf(name) === schemaNamespace) return genericElement(name)
    return { ...genericElement(name), unsupported: [reportMissing(context, from, 'element', name)] }
  }
  const element = declareElement(context, definition, name)
  context.elements.set(name, element)
  element.substitutes = (context.substitutionMembers.get(name) ?? []).flatMap(member => {
    const substitute = member === name ? undefined : elementNamed(context, member, definition.node)
    if (substitute === undefined) return []
    return [...(substitute.abstract ? [] : [substitute]), ...substitute.substitutes]
  })
  return element
}

function genericElement(name: QualifiedName): ElementDeclaration {
  return { name, type: anyType, nillable: false, abstract: false, substitutes: [], unsupported: [] }
}

function compileLocalElement(context: SchemaContext, definition: Definition): ElementDeclaration {
  const { node, document } = definition
  const reference = referenceOf(context, definition, 'ref')
  const global = reference === undefined ? undefined : elementNamed(context, reference, node)
  if (global !== undefined) return global
  const form = node.attributes.get('form') ?? (document.elementsQualified ? 'qualified' : 'unqualified')
  const local = node.attributes.get('name') ?? ''
  if (local === '' && reference === undefined)
    context.diagnostics.error(node, 'xs:element needs a name or a ref')
  return declareElement(
    context,
    definition,
    qualifiedName(form === 'qualified' ? document.targetNamespace : '', local),
  )
}

function declareElement(
  context: SchemaContext,
  definition: Definition,
  name: QualifiedName,
): Mutable<ElementDeclaration> {
  const { node, document } = definition
  const defaultValue = node.attributes.get('default')
  const fixedValue = node.attributes.get('fixed')
  const element: Mutable<ElementDeclaration> = {
    name,
    type: pending,
    nillable: ['true', '1'].includes(node.attributes.get('nillable') ?? ''),
    abstract: ['true', '1'].includes(node.attributes.get('abstract') ?? ''),
    substitutes: [],
    unsupported: [],
    ...(defaultValue === undefined ? {} : { defaultValue }),
    ...(fixedValue === undefined ? {} : { fixedValue }),
  }
  context.later.push(() => {
    const typeName = referenceOf(context, definition, 'type')
    const inline = schemaChildren(node).find(
      child => child.local === 'complexType' || child.local === 'simpleType',
    )
    if (typeName !== undefined) element.type = typeNamed(context, typeName, node)
    else if (inline?.local === 'complexType')
      element.type = compileComplexType(context, { node: inline, document })
    else if (inline !== undefined) element.type = compileSimpleType(context, { node: inline, document })
    else element.type = typeOfHead(context, definition) ?? anyType
  })
  return element
}

/** An element without a type has that of the head of its substitution group (XSD 1.0 §3.3.2). */
function typeOfHead(context: SchemaContext, definition: Definition): ElementDeclaration['type'] | undefined {
  const head = referenceOf(context, definition, 'substitutionGroup')
  const declared = head === undefined ? undefined : context.definitions.element.get(head)
  if (declared === undefined) return undefined
  const typeName = referenceOf(context, declared, 'type')
  return typeName === undefined ? typeOfHead(context, declared) : typeNamed(context, typeName, declared.node)
}

/** Stands for the type of an element until the work put off has been done. */
const pending = {
  kind: 'complex',
  abstract: false,
  mixed: false,
  generic: false,
  attributes: [],
  derived: [],
  unsupported: [],
} as const

function occursOf(context: SchemaContext, { node }: Definition): Occurs {
  const min = Number.parseInt(node.attributes.get('minOccurs') ?? '1', 10)
  const maxText = node.attributes.get('maxOccurs') ?? '1'
  const max = maxText === 'unbounded' ? Number.POSITIVE_INFINITY : Number.parseInt(maxText, 10)
  if (Number.isNaN(min) || Number.isNaN(max) || min > max) {
    context.diagnostics.error(node, 'minOccurs and maxOccurs contradict each other')
    return { min: 1, max: 1 }
  }
  return { min, max }
}
