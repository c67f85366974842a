/** A name with its namespace in Clark's form, `{urn:shop}Customer`; `{}local` outside any namespace. */
export type QualifiedName = string

export function qualifiedName(namespace: string, local: string): QualifiedName {
  return `{${namespace}}${local}`
}

const known = new Map<string, Map<string, QualifiedName>>()
let knownCount = 0

/** As qualifiedName, giving out the same string each time: maps find it without hashing it anew. */
export function internedName(namespace: string, local: string): QualifiedName {
  let locals = known.get(namespace)
  const name = locals?.get(local)
  if (name !== undefined) return name
  // Names come from messages too, so they must not pile up.
  if (knownCount >= 10_000) {
    known.clear()
    knownCount = 0
    locals = undefined
  }
  if (locals === undefined) {
    locals = new Map()
    known.set(namespace, locals)
  }
  const made = qualifiedName(namespace, local)
  locals.set(local, made)
  knownCount += 1
  return made
}

export function namespaceOf(name: QualifiedName): string {
  return name.slice(1, name.indexOf('}'))
}

export function localOf(name: QualifiedName): string {
  return name.slice(name.indexOf('}') + 1)
}

export const schemaNamespace = 'http://www.w3.org/2001/XMLSchema'
export const instanceNamespace = 'http://www.w3.org/2001/XMLSchema-instance'
export const xmlNamespace = 'http://www.w3.org/XML/1998/namespace'
