import type { QualifiedName } from '../xml/qualified-name.ts'
import { builtinTypes } from './builtin-types.ts'
import type { Facets, SimpleType, WhiteSpace } from './contract.ts'
import type { Mutable } from './mutable.ts'
import {
  builtinType,
  type Definition,
  referenceOf,
  type SchemaContext,
  schemaChildren,
} from './schema-context.ts'
import { translatePattern } from './schema-pattern.ts'
import type { XmlNode } from './xml-tree.ts'

const anySimpleType = builtinTypes.get('anySimpleType')!
const numbers = ['length', 'minLength', 'maxLength', 'totalDigits', 'fractionDigits'] as const
const otherFacets = [
  'enumeration',
  'pattern',
  'whiteSpace',
  'simpleType',
  'attribute',
  'attributeGroup',
  'anyAttribute',
]
const bounds = ['minInclusive', 'maxInclusive', 'minExclusive', 'maxExclusive'] as const

/** The simple type of that name; string-like, with a diagnostic, where there is none. */
export function simpleTypeNamed(context: SchemaContext, name: QualifiedName, node: XmlNode): SimpleType {
  const builtin = builtinType(name)
  if (builtin !== undefined) return builtin
  const known = context.types.get(name)
  if (known?.kind === 'simple') return known
  const definition = context.definitions.type.get(name)
  if (definition === undefined || definition.node.local !== 'simpleType') {
    context.diagnostics.warning(
      node,
      `simple type ${name} is not declared in any document that was loaded: its values are taken as text`,
    )
    return anySimpleType
  }
  if (context.underway.has(name)) {
    context.diagnostics.error(definition.node, `type ${name} is derived from itself`)
    return anySimpleType
  }
  context.underway.add(name)
  const type = compileSimpleType(context, definition, name)
  context.underway.delete(name)
  context.types.set(name, type)
  return type
}

/** Compiles an xs:simpleType node. */
export function compileSimpleType(
  context: SchemaContext,
  definition: Definition,
  name?: QualifiedName,
): SimpleType {
  const { document } = definition
  const node = schemaChildren(definition.node)[0]
  const named = name === undefined ? {} : { name }
  switch (node?.local) {
    case 'restriction': {
      const base = baseOf(context, { node, document }, 'base')
      return { ...restrictSimpleType(context, { node, document }, base), ...named }
    }
    case 'list': {
      const item = baseOf(context, { node, document }, 'itemType')
      return {
        kind: 'simple',
        ...named,
        variety: 'list',
        builtin: item.builtin,
        whiteSpace: 'collapse',
        facets: {},
        item,
      }
    }
    case 'union': {
      const members = unionMembers(context, { node, document })
      return {
        kind: 'simple',
        ...named,
        variety: 'union',
        builtin: anySimpleType.builtin,
        whiteSpace: 'preserve',
        facets: {},
        members,
      }
    }
    default:
      context.diagnostics.error(definition.node, 'xs:simpleType needs a restriction, list or union')
      return anySimpleType
  }
}

/** The type an attribute of the node names, or the xs:simpleType written inside it. */
function baseOf(context: SchemaContext, definition: Definition, attribute: string): SimpleType {
  const name = referenceOf(context, definition, attribute)
  if (name !== undefined) return simpleTypeNamed(context, name, definition.node)
  const inline = schemaChildren(definition.node).find(child => child.local === 'simpleType')
  if (inline !== undefined) return compileSimpleType(context, { node: inline, document: definition.document })
  context.diagnostics.error(definition.node, `xs:${definition.node.local} names no type`)
  return anySimpleType
}

function unionMembers(context: SchemaContext, { node, document }: Definition): SimpleType[] {
  const named = (node.attributes.get('memberTypes') ?? '').split(/\s+/).filter(text => text !== '')
  return [
    ...named.map(text => {
      const attributes = new Map([['memberType', text]])
      const name = referenceOf(context, { node: { ...node, attributes }, document }, 'memberType')
      return name === undefined ? anySimpleType : simpleTypeNamed(context, name, node)
    }),
    ...schemaChildren(node)
      .filter(child => child.local === 'simpleType')
      .map(child => compileSimpleType(context, { node: child, document })),
  ]
}

/** The base with the facets of an xs:restriction added; facets of the base stay in force. */
export function restrictSimpleType(
  context: SchemaContext,
  { node }: Definition,
  base: SimpleType,
): SimpleType {
  const children = schemaChildren(node)
  const valuesOf = (facet: string) =>
    children.filter(({ local }) => local === facet).map(child => child.attributes.get('value') ?? '')
  const enumeration = valuesOf('enumeration')
  const patterns = valuesOf('pattern')
  const pattern = patterns.length === 0 ? undefined : translatePattern(patterns)
  if (patterns.length > 0 && pattern === undefined)
    context.diagnostics.warning(node, `pattern ${patterns.join(' | ')} is not checked`)
  const { name: _name, ...unnamed } = base
  return {
    ...unnamed,
    whiteSpace: (valuesOf('whiteSpace')[0] as WhiteSpace | undefined) ?? base.whiteSpace,
    facets: {
      ...base.facets,
      ...numericFacets(context, children, base),
      ...(enumeration.length === 0 ? {} : { enumeration }),
      ...(pattern === undefined ? {} : { patterns: [...(base.facets.patterns ?? []), pattern] }),
    },
  }
}

function numericFacets(context: SchemaContext, children: readonly XmlNode[], base: SimpleType): Facets {
  const facets: Mutable<Facets> = {}
  for (const facet of children) {
    const value = facet.attributes.get('value') ?? ''
    const number = numbers.find(name => name === facet.local)
    const bound = bounds.find(name => name === facet.local)
    if (number !== undefined) facets[number] = Number.parseInt(value, 10)
    else if (bound !== undefined) {
      facets[bound] = value.trim()
      if (base.builtin.form === 'lexical')
        context.diagnostics.warning(facet, `${bound} of ${base.builtin.name} is not checked`)
    } else if (!otherFacets.includes(facet.local))
      context.diagnostics.warning(facet, `facet ${facet.local} is not checked`)
  }
  return facets
}
