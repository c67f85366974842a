import {
  localOf,
  namespaceOf,
  type QualifiedName,
  qualifiedName,
  xmlNamespace,
} from '../xml/qualified-name.ts'
import { anyType, anyTypeName } from './any-type.ts'
import { builtinTypes } from './builtin-types.ts'
import { compileParticle } from './compile-particle.ts'
import { compileSimpleType, restrictSimpleType, simpleTypeNamed } from './compile-simple-type.ts'
import type { AttributeUse, ComplexType, Particle, SimpleType } from './contract.ts'
import type { Mutable } from './mutable.ts'
import {
  builtinType,
  type Definition,
  referenceOf,
  reportMissing,
  type SchemaContext,
  schemaChildren,
} from './schema-context.ts'
import { isArrayName, isEncoding, makeSoapArray } from './soap-array.ts'
import { wildcardOf } from './wildcard.ts'
import type { XmlNode } from './xml-tree.ts'

type Draft = Mutable<ComplexType> & {
  attributes: AttributeUse[]
  derived: ComplexType[]
  unsupported: string[]
}

const anySimpleType = builtinTypes.get('anySimpleType')!

/** The type of that name, simple or complex; compiled on first use. */
export function typeNamed(
  context: SchemaContext,
  name: QualifiedName,
  node: XmlNode,
): SimpleType | ComplexType {
  const known = builtinType(name) ?? context.types.get(name)
  if (known !== undefined) return known
  if (name === anyTypeName) return anyType
  const encoded = encodedBuiltin(name)
  if (encoded !== undefined) return encoded
  const definition = context.definitions.type.get(name)
  if (definition === undefined) {
    return { ...draftType(), unsupported: [reportMissing(context, node, 'type', name)] }
  }
  if (definition.node.local === 'simpleType') return simpleTypeNamed(context, name, node)
  if (context.underway.has(name)) {
    context.diagnostics.error(definition.node, `type ${name} is derived from itself`)
    return draftType()
  }
  context.underway.add(name)
  const type = compileComplexType(context, definition, name)
  context.underway.delete(name)
  context.types.set(name, type)
  return type
}

/** A type of the SOAP encoding that is named as a built-in one: the same, but for ids and references. */
function encodedBuiltin(name: QualifiedName): SimpleType | undefined {
  return isEncoding(name) ? builtinTypes.get(localOf(name)) : undefined
}

/** Compiles an xs:complexType node. */
export function compileComplexType(
  context: SchemaContext,
  definition: Definition,
  name?: QualifiedName,
): ComplexType {
  const { node, document } = definition
  const type = draftType(name, isTrue(node, 'abstract'))
  if (isArrayName(name)) type.soapArray = { item: anyType }
  type.mixed = isTrue(node, 'mixed')
  const body = schemaChildren(node)
  const wrapper = body.find(child => child.local === 'simpleContent' || child.local === 'complexContent')
  if (wrapper === undefined) addOwnContent(context, { node, document }, type)
  else {
    if (isTrue(wrapper, 'mixed')) type.mixed = true
    const derivation = schemaChildren(wrapper).find(c => c.local === 'extension' || c.local === 'restriction')
    if (derivation === undefined)
      context.diagnostics.error(wrapper, `xs:${wrapper.local} needs an extension or restriction`)
    else if (wrapper.local === 'simpleContent')
      deriveSimpleContent(context, { node: derivation, document }, type)
    else deriveComplexContent(context, { node: derivation, document }, type)
  }
  return type
}

function draftType(name?: QualifiedName, abstract = false): Draft {
  return {
    kind: 'complex',
    ...(name === undefined ? {} : { name }),
    abstract,
    mixed: false,
    generic: false,
    attributes: [],
    derived: [],
    unsupported: [],
  }
}

function isTrue({ attributes }: XmlNode, name: string): boolean {
  return ['true', '1'].includes(attributes.get(name) ?? '')
}

function addOwnContent(context: SchemaContext, definition: Definition, type: Draft): Particle | undefined {
  const { node, document } = definition
  const model = schemaChildren(node).find(child =>
    ['sequence', 'choice', 'all', 'group'].includes(child.local),
  )
  const content =
    model === undefined ? undefined : compileParticle(context, { node: model, document }, type.unsupported)
  if (content !== undefined) type.content = content
  addAttributes(context, definition, type)
  return content
}

function deriveComplexContent(context: SchemaContext, definition: Definition, type: Draft): void {
  const base = baseType(context, definition)
  if (base === undefined) {
    addOwnContent(context, definition, type)
    return
  }
  if (base.kind === 'simple') {
    context.diagnostics.error(definition.node, 'xs:complexContent needs a complex base type')
    return
  }
  inherit(type, base, definition.node.local === 'extension')
  const isArray = isArrayName(base.name)
  if (isArray) makeSoapArray(context, definition, type, typeNamed)
  const own = addOwnContent(context, definition, type)
  if (definition.node.local === 'restriction' || isArray || base.content === undefined) return
  type.content =
    own === undefined ? base.content : { kind: 'sequence', min: 1, max: 1, items: [base.content, own] }
}

function deriveSimpleContent(context: SchemaContext, definition: Definition, type: Draft): void {
  const { node, document } = definition
  const base = baseType(context, definition)
  if (base?.kind === 'complex') inherit(type, base, node.local === 'extension')
  const inline = schemaChildren(node).find(child => child.local === 'simpleType')
  const text =
    inline !== undefined
      ? compileSimpleType(context, { node: inline, document })
      : base?.kind === 'complex'
        ? base.text
        : base
  if (text === undefined) context.diagnostics.error(node, 'xs:simpleContent needs a base with simple content')
  else type.text = node.local === 'restriction' ? restrictSimpleType(context, definition, text) : text
  addAttributes(context, definition, type)
}

function baseType(context: SchemaContext, definition: Definition): SimpleType | ComplexType | undefined {
  const name = referenceOf(context, definition, 'base')
  if (name === undefined) {
    context.diagnostics.error(definition.node, `xs:${definition.node.local} names no base`)
    return undefined
  }
  return name === anyTypeName ? undefined : typeNamed(context, name, definition.node)
}

/** Attributes of the base stay unless redeclared; the base and its own bases learn of the type derived. */
function inherit(type: Draft, base: ComplexType, extension: boolean): void {
  type.attributes.push(...base.attributes)
  if (base.anyAttribute !== undefined && extension) type.anyAttribute = base.anyAttribute
  if (base.mixed && extension) type.mixed = true
  type.unsupported.push(...base.unsupported)
  if (type.name === undefined) return
  const ancestors = [base, ...(bases.get(base) ?? [])]
  bases.set(type, ancestors)
  for (const ancestor of ancestors) (ancestor as Draft).derived.push(type)
}

const bases = new WeakMap<ComplexType, ComplexType[]>()

function addAttributes(
  context: SchemaContext,
  { node, document }: Definition,
  type: Draft,
  nesting = 0,
): void {
  for (const child of schemaChildren(node)) {
    if (child.local === 'anyAttribute') type.anyAttribute = wildcardOf(child, document.targetNamespace)
    if (child.local === 'attribute') addAttribute(context, { node: child, document }, type)
    if (child.local !== 'attributeGroup') continue
    const name = referenceOf(context, { node: child, document }, 'ref')
    const group = name === undefined ? undefined : context.definitions.attributeGroup.get(name)
    if (name === undefined) continue
    if (group === undefined) type.unsupported.push(reportMissing(context, child, 'attribute group', name))
    else if (nesting > 32) context.diagnostics.error(child, `attribute group ${name} contains itself`)
    else addAttributes(context, group, type, nesting + 1)
  }
}

function addAttribute(context: SchemaContext, definition: Definition, type: Draft): void {
  const { node, document } = definition
  const reference = referenceOf(context, definition, 'ref')
  const declared = reference === undefined ? definition : context.definitions.attribute.get(reference)
  const local = node.attributes.get('name')
  const qualified =
    (node.attributes.get('form') ?? (document.attributesQualified ? 'qualified' : 'unqualified')) ===
    'qualified'
  const name = reference ?? qualifiedName(qualified ? document.targetNamespace : '', local ?? '')
  const existing = type.attributes.findIndex(attribute => attribute.name === name)
  if (existing >= 0) type.attributes.splice(existing, 1)
  const use = node.attributes.get('use')
  if (use === 'prohibited') return
  let attributeType = anySimpleType
  if (declared !== undefined) attributeType = attributeTypeOf(context, declared)
  else if (name.startsWith(`{${xmlNamespace}}`)) attributeType = builtinTypes.get('string')!
  else if (namespaceOf(name) !== xmlNamespace)
    type.unsupported.push(reportMissing(context, node, 'attribute', name))
  const defaultValue = node.attributes.get('default') ?? declared?.node.attributes.get('default')
  const fixedValue = node.attributes.get('fixed') ?? declared?.node.attributes.get('fixed')
  type.attributes.push({
    name,
    type: attributeType,
    required: use === 'required',
    ...(defaultValue === undefined ? {} : { defaultValue }),
    ...(fixedValue === undefined ? {} : { fixedValue }),
  })
}

function attributeTypeOf(context: SchemaContext, definition: Definition): SimpleType {
  const name = referenceOf(context, definition, 'type')
  if (name !== undefined) return simpleTypeNamed(context, name, definition.node)
  const inline = schemaChildren(definition.node).find(child => child.local === 'simpleType')
  return inline === undefined
    ? anySimpleType
    : compileSimpleType(context, { node: inline, document: definition.document })
}
