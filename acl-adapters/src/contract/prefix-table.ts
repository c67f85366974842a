import { schemaNamespace, xmlNamespace } from '../xml/qualified-name.ts'
import type { SchemaDocument } from './load-documents.ts'

/** One prefix for every namespace of the schemas: `ns1`, `ns2`, … in the order the documents were read. */
export function prefixTable(schemas: readonly SchemaDocument[]): ReadonlyMap<string, string> {
  const table = new Map<string, string>([[xmlNamespace, 'xml']])
  for (const { targetNamespace } of schemas) {
    if (targetNamespace === '' || targetNamespace === schemaNamespace || table.has(targetNamespace)) continue
    table.set(targetNamespace, `ns${table.size}`)
  }
  return table
}
