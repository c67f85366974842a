/** A name with its namespace in Clark's form, `{urn:shop}Customer`; `{}local` outside any namespace. */
export type QualifiedName = string

export function qualifiedName(namespace: string, local: string): QualifiedName {
  return `{${namespace}}${local}`
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
