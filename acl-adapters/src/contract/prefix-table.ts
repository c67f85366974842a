import { instanceNamespace, schemaNamespace, xmlNamespace } from '../xml/qualified-name.ts'
import type { SchemaDocument } from './load-documents.ts'

/** One prefix for every namespace of the schemas: `ns1`, `ns2`, … in the order the documents were read. */
export function prefixTable(schemas: readonly SchemaDocument[]): ReadonlyMap<string, string> {
  const table = new Map<string, string>([[xmlNamespace, 'xml']])
  for (const { targetNamespace } of schemas) {
    if (targetNamespace === '' || targetNamespace === schemaNamespace || table.has(targetNamespace)) continue
    // A schema may claim the instance namespace, which the encoder calls xsi whatever the table says.
    table.set(targetNamespace, targetNamespace === instanceNamespace ? 'xsi' : `ns${table.size}`)
  }
  return table
}
