import { z } from 'zod'

/** The pieces of an OpenAPI document that all services share. */
export const instant = z.iso.datetime({ precision: 0 })

const violations = z.array(
  z.strictObject({ field: z.string(), reason: z.enum(['REQUIRED', 'TOO_LONG', 'INVALID', 'NEGATIVE']) }),
)

/** RFC 9457, with what members a service adds. */
export function problemForm<Shape extends z.ZodRawShape>(members: Shape) {
  return z.looseObject({
    type: z.string().regex(/^urn:problem:/),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    violations: violations.optional(),
    ...members,
  })
}

/** What the audit of something is answered as, see addAuditResource. */
export const auditTrailForm = z.strictObject({
  intact: z.boolean(),
  items: z.array(
    z.strictObject({
      number: z.int().min(1),
      action: z.string(),
      actor: z.string(),
      traceparent: z.string().nullable(),
      changes: z.record(z.string(), z.strictObject({ from: z.unknown(), to: z.unknown() })),
      at: z.iso.datetime(),
      hash: z.string(),
    }),
  ),
})

export const component = (name: string) => ({ $ref: `#/components/schemas/${name}` })
export const json = (schema: unknown) => ({ 'application/json': { schema } })
export const answer = (description: string, name: string) => ({ description, content: json(component(name)) })
export const refused = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: component('Problem') } },
})
export const body = (name: string) => ({ required: true, content: json(component(name)) })

/** `{items: [...]}` of a schema. */
export const items = (description: string, name: string) => ({
  description,
  content: json({
    type: 'object',
    required: ['items'],
    additionalProperties: false,
    properties: { items: { type: 'array', items: component(name) } },
  }),
})

export const anyRead = { '503': refused('The database is away; try again after Retry-After seconds') }
export const fenced = {
  '503': refused('Writes are accepted on the other side, or the database is away; see Retry-After'),
}
export const anyWrite = {
  '400': refused('Not JSON, no body, or an unusable Idempotency-Key'),
  '413': refused('Body over 64 KiB'),
  '415': refused('Body is not application/json'),
  '422': refused('Validation failed, or an Idempotency-Key that came with another request'),
  ...fenced,
}

export const location = { headers: { Location: { schema: { type: 'string' } } } }
export const rehearsalHeader = {
  name: 'Strangler-Rehearsal',
  in: 'header',
  description: '1 runs the write, answers as usual with `Strangler-Rehearsal: done`, and keeps nothing of it',
  schema: { type: 'string', enum: ['1'] },
}
export const keyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'A repetition with the same key is answered as the first one was, for 7 days',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
}
export const inPath = (name: string, schema: unknown = { type: 'string' }) => ({
  name,
  in: 'path',
  required: true,
  schema,
})

/** A parameter for each member of the schema that queries are checked with. */
export function queryParameters(schema: z.ZodObject) {
  return Object.entries(schema.shape).map(([name, member]) => ({
    name,
    in: 'query',
    schema: jsonSchemaOf(member as z.ZodType),
  }))
}

/** OpenAPI 3.1 speaks JSON Schema 2020-12, which is what zod writes. */
export function jsonSchemaOf(schema: z.ZodType): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return rest
}
