import type { QualifiedName } from '../xml/qualified-name.ts'
import { qualifiedName } from '../xml/qualified-name.ts'
import { anyType, compileComplexType, typeNamed } from './compile-complex-type.ts'
import { compileSimpleType } from './compile-simple-type.ts'
import type { ElementDeclaration, Occurs, Particle } from './contract.ts'
import type { Mutable } from './mutable.ts'
import {
  type Definition,
  referenceOf,
  reportMissing,
  type SchemaContext,
  schemaChildren,
} from './schema-context.ts'

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
      return {
        kind: node.local,
        ...occurs,
        items: schemaChildren(node)
          .map(child => compileParticle(context, { node: child, document }, unsupported, nesting))
          .filter(item => item !== undefined),
      }
    case 'group': {
      const name = referenceOf(context, definition, 'ref')
      const group = name === undefined ? undefined : context.definitions.group.get(name)
      if (name === undefined) return undefined
      if (group === undefined) {
        reportMissing(context, node, 'group', name)
        return undefined
      }
      if (nesting > maxGroupNesting) {
        context.diagnostics.error(node, `group ${name} contains itself`)
        return undefined
      }
      const model = schemaChildren(group.node)[0]
      if (model === undefined) return undefined
      const content = compileParticle(context, { ...group, node: model }, unsupported, nesting + 1)
      return content === undefined ? undefined : { ...content, ...occurs }
    }
    case 'any':
      unsupported.push(context.diagnostics.unsupported(node, 'xs:any'))
      return undefined
    default:
      unsupported.push(context.diagnostics.unsupported(node, `xs:${node.local}`))
      return undefined
  }
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
    reportMissing(context, from, 'element', name)
    return undefined
  }
  const element = declareElement(context, definition, name)
  context.elements.set(name, element)
  if (context.substitutionHeads.has(name) || definition.node.attributes.get('abstract') === 'true')
    element.unsupported = [context.diagnostics.unsupported(definition.node, `substitution group of ${name}`)]
  return element
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
    else element.type = anyType(context, node)
  })
  return element
}

/** Stands for the type of an element until the work put off has been done. */
const pending = { kind: 'complex', abstract: false, attributes: [], derived: [], unsupported: [] } as const

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
