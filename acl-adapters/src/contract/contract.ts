import type { QualifiedName } from '../xml/qualified-name.ts'
import type { Builtin } from './builtin-types.ts'
import type { Matcher } from './pattern-machine.ts'
import type { Wildcard } from './wildcard.ts'

/** A WSDL and its schemas, compiled. References are object references, so recursive types are cyclic. */
export type Contract = {
  readonly operations: ReadonlyMap<string, Operation>
  readonly elements: ReadonlyMap<QualifiedName, ElementDeclaration>
  readonly types: ReadonlyMap<QualifiedName, SimpleType | ComplexType>
  /** The prefix that stands for a namespace in JSON attribute names and in the XML written. */
  readonly prefixes: ReadonlyMap<string, string>
  readonly documents: readonly SourceDocument[]
}

/** A file the contract was compiled from; `path` is relative to the folder of the WSDL, which comes first. */
export type SourceDocument = { readonly path: string; readonly text: string }

export type SoapVersion = '1.1' | '1.2'

export type Operation = {
  readonly name: string
  readonly service: string
  readonly port: string
  readonly style: 'document' | 'rpc'
  readonly use: 'literal' | 'encoded'
  /** soapAction by SOAP version, for the versions the WSDL binds. */
  readonly actions: ReadonlyMap<SoapVersion, string>
  readonly input: Message
  /** Absent for a one-way operation. */
  readonly output?: Message
  readonly faults: readonly DeclaredFault[]
  /** What a message may lose on its way, and where; empty when nothing. */
  readonly lossy: readonly string[]
  /** Why it cannot be called through the adapters; empty when it can. */
  readonly unsupported: readonly string[]
}

/** `element` is absent for an empty Body; `headers` are the header blocks its binding names. */
export type Message = {
  readonly name: string
  readonly element?: ElementDeclaration
  /** Where the Body has several elements, all of them; `element` is the first. */
  readonly parts?: readonly ElementDeclaration[]
  /** Where the wrapper's content is of the SOAP encoding, the SOAP version whose encoding it is. */
  readonly encoded?: SoapVersion
  readonly headers?: readonly ElementDeclaration[]
}

export type DeclaredFault = { readonly name: string; readonly element: ElementDeclaration }

export type ElementDeclaration = {
  readonly name: QualifiedName
  readonly type: SimpleType | ComplexType
  readonly nillable: boolean
  /** Only a member of its substitution group may stand in a message. */
  readonly abstract: boolean
  /** Members of its substitution group at any distance, abstract ones left out. */
  readonly substitutes: readonly ElementDeclaration[]
  readonly defaultValue?: string
  readonly fixedValue?: string
  readonly unsupported: readonly string[]
}

export type ComplexType = {
  readonly kind: 'complex'
  /** Absent for an anonymous type. */
  readonly name?: QualifiedName
  readonly abstract: boolean
  readonly attributes: readonly AttributeUse[]
  /** Further attributes it takes. */
  readonly anyAttribute?: Wildcard
  /** Text may stand between its elements. */
  readonly mixed: boolean
  /** xs:anyType: anything at all, which JSON carries as a generic node. */
  readonly generic: boolean
  /** Simple content. */
  readonly text?: SimpleType
  /** Element content. Neither this nor `text`: empty. */
  readonly content?: Particle
  /** An array of the SOAP encoding, which is an array in JSON. Only encoded messages have it. */
  readonly soapArray?: { readonly item: SimpleType | ComplexType }
  /** Every named type that extends or restricts this one, at any distance. */
  readonly derived: readonly ComplexType[]
  readonly unsupported: readonly string[]
}

export type AttributeUse = {
  readonly name: QualifiedName
  readonly type: SimpleType
  readonly required: boolean
  readonly defaultValue?: string
  readonly fixedValue?: string
}

/** `max` is Infinity for unbounded. */
export type Occurs = { readonly min: number; readonly max: number }
export type ElementParticle = Occurs & { readonly kind: 'element'; readonly element: ElementDeclaration }
export type GroupParticle = Occurs & {
  readonly kind: 'sequence' | 'choice' | 'all'
  readonly items: readonly Particle[]
  /** Why the items of the repeated group may be divided otherwise than they were sent. */
  readonly undelimited?: string
}
/** Elements that no schema names here; `$any` in JSON, an array whatever its bounds. */
export type AnyParticle = Occurs & { readonly kind: 'any'; readonly wildcard: Wildcard }
export type Particle = ElementParticle | AnyParticle | GroupParticle

export type SimpleType = {
  readonly kind: 'simple'
  readonly name?: QualifiedName
  readonly variety: 'atomic' | 'list' | 'union'
  /** The nearest built-in type it is derived from; decides its JSON form. */
  readonly builtin: Builtin
  readonly whiteSpace: WhiteSpace
  readonly facets: Facets
  readonly item?: SimpleType
  readonly members?: readonly SimpleType[]
}

export type WhiteSpace = 'preserve' | 'replace' | 'collapse'

export type Facets = {
  readonly enumeration?: readonly string[]
  /** One per derivation step that has patterns; each must match. */
  readonly patterns?: readonly Matcher[]
  readonly length?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minInclusive?: string
  readonly maxInclusive?: string
  readonly minExclusive?: string
  readonly maxExclusive?: string
  readonly totalDigits?: number
  readonly fractionDigits?: number
}
