import { invalidInput } from '@strangler/kit/problem.ts'
import { z } from 'zod'

const capability = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'is no name of a capability')
const percent = z.number().min(0).max(100)
const stage = z.enum(['legacy', 'shadow', 'canary', 'extracted', 'retired'])
const to = z.enum(['legacy', 'shadow', 'canary', 'extracted'])
const reason = z.string().trim().min(1, 'say why').max(500)

export const signInBody = z.strictObject({
  token: z.string().min(1).max(4_096),
  by: z.string().trim().min(1, 'say who you are').max(100),
})

export const capabilityParams = z.object({ capability })

export const auditQuery = z.object({
  limit: z.coerce.number().pipe(z.int().min(1).max(1_000)).default(100),
  verify: z.enum(['true', 'false']).default('false'),
})

export const divergenceQuery = z.object({
  route: z.string().min(1).max(500),
  offset: z.coerce.number().pipe(z.int().min(0).max(1_000_000)).default(0),
  limit: z.coerce.number().pipe(z.int().min(1).max(200)).default(50),
})

/** A difference that is meant, from a divergence. */
export const ignoreBody = z.strictObject({
  route: z.string().min(1).max(500),
  path: z.string().min(1).max(500),
  reason,
  until: z.iso.date().optional(),
})

export const generationParams = z.object({ number: z.coerce.number().pipe(z.int().min(1)) })

export const revertBody = z.strictObject({ reason })

export const generationsQuery = z.object({
  limit: z.coerce.number().pipe(z.int().min(1).max(200)).default(50),
})

const rate = z.number().min(1).max(5_000)
const seconds = z.number().min(1).max(3_600)

/** What each verb may be asked with; nothing else reaches the engine. */
const flags = {
  stage: { stage, percent: percent.optional() },
  run: { to },
  verify: {},
  cutover: {},
  rollback: {},
  drill: {
    rate: rate.optional(),
    seconds: seconds.optional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .optional(),
  },
} as const

export type VerbName = keyof typeof flags
export const verbNames = Object.keys(flags) as [VerbName, ...VerbName[]]

const verbBodies = Object.fromEntries(
  verbNames.map(verb => [verb, z.strictObject({ reason, ...flags[verb] })]),
) as unknown as Record<VerbName, z.ZodType<{ reason: string } & Record<string, unknown>>>

/** @throws ToolkitError REQUEST_INVALID */
export function readVerbBody(verb: VerbName, body: unknown): { reason: string } & Record<string, unknown> {
  return readInput(verbBodies[verb], body ?? {})
}

export const previewBody = z.strictObject({
  verb: z.enum(verbNames),
  stage: stage.optional(),
  percent: percent.optional(),
  to: to.optional(),
  rate: rate.optional(),
  seconds: seconds.optional(),
})

export function isVerb(name: string): name is VerbName {
  return Object.hasOwn(flags, name)
}

/** @throws ToolkitError REQUEST_INVALID with every problem of the input */
export function readInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw invalidInput(
    'REQUEST_INVALID',
    'request',
    parsed.error.issues.map(issue => ({ path: issue.path.join('.'), message: issue.message })),
  )
}
