import { invalidInput } from '@strangler/kit/problem.ts'
import type { QualifiedName } from '../xml/qualified-name.ts'
import { typeNamed } from './compile-complex-type.ts'
import { compileOperations } from './compile-operations.ts'
import { elementNamed } from './compile-particle.ts'
import type { Contract } from './contract.ts'
import { createDiagnostics, type Diagnostic } from './diagnostic.ts'
import { findUnsupported } from './find-unsupported.ts'
import { type DocumentSource, folderSource, loadDocuments } from './load-documents.ts'
import { prefixTable } from './prefix-table.ts'
import { createSchemaContext } from './schema-context.ts'

export type Compilation = { contract: Contract; diagnostics: readonly Diagnostic[] }

/**
 * The contract of a WSDL (or a plain XSD: then without operations) and of what it imports from its folder.
 * @param path of the WSDL file
 * @param within the folder that what it imports lies in; that of the WSDL when not given
 * @throws ToolkitError CONTRACT_INVALID with every error, its file and line
 */
export function loadContract(path: string, within?: string): Compilation {
  const { root, read } = folderSource(path, within)
  return compileContract(root, read)
}

/**
 * As loadContract, over documents from anywhere.
 * @param root the path of the first document
 * @throws ToolkitError CONTRACT_INVALID
 */
export function compileContract(root: string, read: DocumentSource): Compilation {
  const diagnostics = createDiagnostics()
  const { definitions, schemas, documents } = loadDocuments(root, read, diagnostics)
  const context = createSchemaContext(schemas, diagnostics)
  const operations = compileOperations(context, definitions)
  for (const [name, { node }] of context.definitions.element) elementNamed(context, name, node)
  for (const [name, { node }] of context.definitions.type) typeNamed(context, name, node)
  for (let work = context.later.pop(); work !== undefined; work = context.later.pop()) work()
  const losses = findUnsupported([...operations.values()])
  for (const operation of operations.values()) {
    operation.unsupported.push(...(losses.get(operation)?.unsupported ?? []))
    operation.lossy.push(...(losses.get(operation)?.lossy ?? []))
  }
  refuseErrors(root, diagnostics.all)
  return {
    diagnostics: diagnostics.all,
    contract: {
      operations,
      elements: context.elements,
      types: sorted(context.types),
      prefixes: prefixTable(schemas),
      documents,
    },
  }
}

function refuseErrors(root: string, diagnostics: readonly Diagnostic[]): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return
  throw invalidInput(
    'CONTRACT_INVALID',
    root,
    errors.map(({ file, line, message }) => ({ path: `${file}:${line}`, message, line })),
  )
}

function sorted<T>(map: ReadonlyMap<QualifiedName, T>): ReadonlyMap<QualifiedName, T> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)))
}
