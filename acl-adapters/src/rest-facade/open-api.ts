import { streamedArrayOfMessage } from '../codec/streamed-array.ts'
import type { Contract, Message, Operation } from '../contract/contract.ts'
import { localOf } from '../xml/qualified-name.ts'
import type { DescribedApi } from './docs-page.ts'
import { exampleOfMessage } from './example-value.ts'
import { createSchemaWriter, type SchemaWriter } from './json-schema.ts'
import type { RestMapping, RestResource } from './rest-mapping.ts'
import { isOneDocument, writeXmlDocument } from './xml-document.ts'

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
  },
}
const problems = {
  default: {
    description: 'A problem document (RFC 9457)',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  },
}

/** OpenAPI 3.1 of the REST façade: the mapped resources, and every operation that can be called under /rpc. */
export function openApiDocument(
  contract: Contract,
  mappings: readonly RestMapping[],
  declaredReads: readonly string[] = [],
): DescribedApi & Readonly<Record<string, unknown>> {
  const reads = new Set([...declaredReads, ...mappings.flatMap(mapping => mapping.reads)])
  const schemas = createSchemaWriter(contract)
  const paths: Record<string, DescribedApi['paths'][string]> = {}
  for (const mapping of mappings)
    for (const resource of mapping.resources) {
      const described = resourceOperation(contract, mapping, resource)
      paths[resource.path] = { ...paths[resource.path], [resource.method.toLowerCase()]: described }
    }
  for (const operation of contract.operations.values())
    if (operation.unsupported.length === 0)
      paths[`/rpc/${operation.name}`] = { post: rpcOperation(contract, operation, schemas, reads) }
  const mapped = Object.fromEntries(mappings.flatMap(({ name, schemas: own }) => renamed(name, own)))
  return {
    openapi: '3.1.1',
    info: { title: [...contract.operations.values()][0]?.service || 'SOAP service', version: '1.0.0' },
    paths,
    components: { schemas: { ...schemas.components(), ...mapped, Problem: problemSchema } },
  }
}

/** Schemas of a mapping stand under `name.Schema`, apart from those of the WSDL's types. */
function renamed(mapping: string, schemas: RestMapping['schemas']): [string, unknown][] {
  const text = JSON.stringify(schemas).replaceAll('#/components/schemas/', `#/components/schemas/${mapping}.`)
  return Object.entries(JSON.parse(text) as Record<string, unknown>).map(([name, schema]) => [
    `${mapping}.${name}`,
    schema,
  ])
}

function resourceOperation(contract: Contract, mapping: RestMapping, resource: RestResource) {
  const ref = (name: string) => ({
    'application/json': { schema: { $ref: `#/components/schemas/${mapping.name}.${name}` } },
  })
  const inPath = [...resource.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name!,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = (resource.query ?? []).map(parameter => ({ ...parameter, in: 'query' }))
  const operation = contract.operations.get(resource.operation)
  return {
    operationId: `${mapping.name}.${resource.operation}`,
    summary: resource.summary,
    tags: [mapping.name],
    parameters: [...inPath, ...inQuery],
    ...(resource.request === undefined
      ? {}
      : { requestBody: { required: true, content: ref(resource.request) } }),
    responses: {
      [resource.success]: { description: resource.summary, content: ref(resource.response) },
      ...problems,
    },
    ...(operation === undefined ? {} : { 'x-soap': soapNote(operation) }),
    'x-effect': mapping.reads.includes(resource.operation) ? 'read' : 'write',
  }
}

function rpcOperation(
  contract: Contract,
  operation: Operation,
  schemas: SchemaWriter,
  reads: ReadonlySet<string>,
) {
  const reply =
    operation.output === undefined
      ? { 202: { description: 'Taken; there is no reply' } }
      : {
          200: {
            description: 'The reply',
            content: {
              ...contentOf(contract, operation.output, schemas),
              ...linesOf(contract, operation.output),
            },
          },
        }
  return {
    operationId: `rpc.${operation.name}`,
    summary: operation.name,
    tags: ['rpc'],
    requestBody: {
      required: true,
      content: contentOf(contract, operation.input, schemas),
    },
    responses: { ...reply, ...problems },
    'x-soap': soapNote(operation),
    'x-effect': reads.has(operation.name) ? 'read' : 'write',
    ...(operation.faults.length === 0
      ? {}
      : {
          'x-soap-faults': Object.fromEntries(
            operation.faults.map(({ element }) => [localOf(element.name), schemas.ofElement(element)]),
          ),
        }),
  }
}

/** JSON with an example, and XML where the message is one document. */
function contentOf(contract: Contract, message: Message, schemas: SchemaWriter) {
  const example = exampleOfMessage(message, contract)
  const json = { schema: schemas.ofMessage(message), ...(example === undefined ? {} : { example }) }
  if (!isOneDocument(message)) return { 'application/json': json }
  const xml = example === undefined ? {} : { example: writeXmlDocument(message, example, contract) }
  return { 'application/json': json, 'application/xml': { schema: { type: 'string' }, ...xml } }
}

/** One item of the reply's list a line, where the list is all of it. */
function linesOf({ prefixes }: Contract, message: Message) {
  const array = streamedArrayOfMessage(message, prefixes)
  if (array === undefined || array.beside.length > 0) return {}
  return {
    'application/x-ndjson': {
      schema: { type: 'string', description: `The items of ${array.path.join('.')}, one a line` },
    },
  }
}

function soapNote({ service, port, name, actions, style }: Operation) {
  return { service, port, operation: name, action: [...actions.values()][0] ?? '', style }
}
