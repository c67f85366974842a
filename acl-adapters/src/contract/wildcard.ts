import type { XmlNode } from './xml-tree.ts'

/** Where what xs:any or xs:anyAttribute takes may come from, and whether it is read by its schema. */
export type Wildcard = {
  readonly namespaces: 'any' | 'other' | ReadonlySet<string>
  /** The namespace that `other` leaves out. */
  readonly target: string
  readonly process: 'strict' | 'lax' | 'skip'
}

export const anything: Wildcard = { namespaces: 'any', target: '', process: 'lax' }

/** The wildcard of an xs:any or xs:anyAttribute node in a schema of that namespace. */
export function wildcardOf({ attributes }: XmlNode, target: string): Wildcard {
  const given = (attributes.get('namespace') ?? '##any').trim()
  const process = attributes.get('processContents') ?? 'strict'
  return {
    namespaces:
      given === '##any'
        ? 'any'
        : given === '##other'
          ? 'other'
          : new Set(given.split(/\s+/).map(name => named(name, target))),
    target,
    process: process === 'skip' || process === 'lax' ? process : 'strict',
  }
}

function named(text: string, target: string): string {
  if (text === '##targetNamespace') return target
  return text === '##local' ? '' : text
}

/** XSD 1.0 §3.10.4: `other` takes neither the target namespace nor what is in none. */
export function admits({ namespaces, target }: Wildcard, namespace: string): boolean {
  if (namespaces === 'any') return true
  return namespaces === 'other' ? namespace !== target && namespace !== '' : namespaces.has(namespace)
}
