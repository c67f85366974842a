import type { Contract, Operation } from '../contract/contract.ts'
import { localOf } from '../xml/qualified-name.ts'
import { createSchemaWriter, type SchemaWriter } from './json-schema.ts'
import type { RestMapping, RestResource } from './rest-mapping.ts'

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
): Readonly<Record<string, unknown>> {
  const schemas = createSchemaWriter(contract)
  const paths: Record<string, Record<string, unknown>> = {}
  for (const mapping of mappings)
    for (const resource of mapping.resources) {
      paths[resource.path] ??= {}
      paths[resource.path]![resource.method.toLowerCase()] = resourceOperation(contract, mapping, resource)
    }
  for (const operation of contract.operations.values())
    if (operation.unsupported.length === 0)
      paths[`/rpc/${operation.name}`] = { post: rpcOperation(operation, schemas) }
  const mapped = Object.fromEntries(mappings.flatMap(({ name, schemas: own }) => renamed(name, own)))
  return {
    openapi: '3.1.1',
    info: { title: [...contract.operations.values()][0]?.service ?? 'SOAP service', version: '1.0.0' },
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
    name,
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
  }
}

function rpcOperation(operation: Operation, schemas: SchemaWriter) {
  const reply =
    operation.output === undefined
      ? { 202: { description: 'Taken; there is no reply' } }
      : {
          200: {
            description: 'The reply',
            content: { 'application/json': { schema: schemas.ofMessage(operation.output) } },
          },
        }
  return {
    operationId: `rpc.${operation.name}`,
    summary: operation.name,
    tags: ['rpc'],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: schemas.ofMessage(operation.input) } },
    },
    responses: { ...reply, ...problems },
    'x-soap': soapNote(operation),
    ...(operation.faults.length === 0
      ? {}
      : {
          'x-soap-faults': Object.fromEntries(
            operation.faults.map(({ element }) => [localOf(element.name), schemas.ofElement(element)]),
          ),
        }),
  }
}

function soapNote({ service, port, name, actions, style }: Operation) {
  return { service, port, operation: name, action: [...actions.values()][0] ?? '', style }
}
