import { qualifiedName, schemaNamespace } from '../xml/qualified-name.ts'
import type { ComplexType } from './contract.ts'
import { anything } from './wildcard.ts'

export const anyTypeName = qualifiedName(schemaNamespace, 'anyType')

/** xs:anyType: derived from nothing, and every type may stand in for it. */
export const anyType: ComplexType = {
  kind: 'complex',
  name: anyTypeName,
  abstract: false,
  mixed: true,
  generic: true,
  attributes: [],
  anyAttribute: anything,
  derived: [],
  unsupported: [],
}
