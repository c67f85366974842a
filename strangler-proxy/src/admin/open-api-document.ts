import { type ZodObject, type ZodType, z } from 'zod'
import { failure } from './admin-answers.ts'
import { type Operation, operations } from './operations.ts'

const refusalMeanings: Readonly<Record<number, string>> = {
  400: 'The request is not what it should be; problems names each fault',
  401: 'No known token',
  403: 'The role of the token may not do this, or the call comes from a page',
  404: 'Not known',
  409: 'Contradicts what is so by now: a stale epoch, or a recording that runs',
  422: 'The configuration would be, or is, invalid; problems names each fault',
  429: 'Too many wrong tokens from this address, or a registry that is full',
  503: 'A worker does not answer',
}
const always = [400, 401, 403, 429]

/** The admin API as OpenAPI 3.1, from the same schemas that check its requests and, in the tests, its answers. */
export function openApiDocument() {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    paths[operation.path] ??= {}
    paths[operation.path]![operation.method] = describe(operation)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Admin API of strangler-proxy',
      version: '1',
      description:
        'JSON in and out. A viewer may read, a registrant may register services, an operator may all.',
    },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Failure: schemaOf(failure, 'output') },
      responses: Object.fromEntries(
        Object.entries(refusalMeanings).map(([status, description]) => [
          `Refused${status}`,
          { description, content: json({ $ref: '#/components/schemas/Failure' }) },
        ]),
      ),
    },
  }
}

function describe({ summary, roles, parameters, query, body, answer, status = 200, refusals }: Operation) {
  const inPath = parametersOf(parameters, 'path')
  const inQuery = parametersOf(query, 'query')
  return {
    summary,
    'x-roles': ['operator', ...roles],
    ...(inPath.length + inQuery.length === 0 ? {} : { parameters: [...inPath, ...inQuery] }),
    ...(body === undefined ? {} : { requestBody: { content: json(schemaOf(body, 'input')) } }),
    responses: {
      [status]: {
        description: 'Done',
        ...(answer === undefined ? {} : { content: json(schemaOf(answer, 'output')) }),
      },
      ...Object.fromEntries(
        [...new Set([...always, ...refusals])].map(refusal => [
          refusal,
          { $ref: `#/components/responses/Refused${refusal}` },
        ]),
      ),
    },
  }
}

/** What stands in a URL is text for the caller, and what it stands for is what the schema makes of it. */
function parametersOf(schema: ZodObject | undefined, place: 'path' | 'query') {
  if (schema === undefined) return []
  return Object.entries(schema.shape).map(([name, value]) => ({
    name,
    in: place,
    required: place === 'path' || !z.safeParse(value as ZodType, undefined).success,
    schema: schemaOf(value as ZodType, 'output'),
  }))
}

function schemaOf(schema: ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

function json(schema: unknown) {
  return { 'application/json': { schema } }
}
