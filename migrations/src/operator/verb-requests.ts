import { invalidInput } from '@strangler/kit/problem.ts'
import { z } from 'zod'
import { readAlarm } from './alarm-condition.ts'

const whoAndWhy = {
  by: z.string().trim().min(1).max(128).default('unknown'),
  reason: z.string().trim().max(500).default(''),
  fault: z.strictObject({ killEngineAt: z.string().max(80) }).optional(),
}

const bodies = {
  stage: z.strictObject({
    ...whoAndWhy,
    reason: z.string().trim().min(1, 'say why').max(500),
    stage: z.enum(['legacy', 'shadow', 'canary', 'extracted', 'retired']),
    percent: z.number().min(0).max(100).optional(),
    dryRun: z.boolean().default(false),
    /** Retires before the soak is over; passes nothing else. */
    force: z.boolean().default(false),
  }),
  run: z.strictObject({
    ...whoAndWhy,
    to: z.enum(['legacy', 'shadow', 'canary', 'extracted', 'retired']).default('extracted'),
  }),
  verify: z.strictObject({
    ...whoAndWhy,
    /** Writes what differs anew from the side that owns it. */
    repair: z.boolean().default(false),
  }),
  writers: z.strictObject({ ...whoAndWhy, seconds: z.number().min(1).max(3_600).default(10) }),
  cutover: z
    .strictObject({
      ...whoAndWhy,
      dryRun: z.boolean().default(false),
      /** Passes the gates that ask for evidence; never those that keep data. */
      force: z.boolean().default(false),
      /** Conditions on which the engine rolls back by itself. */
      autoRollbackOn: z
        .array(
          z.string().refine(text => readAlarm(text) !== undefined, 'such as error-rate>1% or lag>5000ms'),
        )
        .max(8)
        .default([]),
    })
    .refine(({ force, reason }) => !force || !['', 'no reason given'].includes(reason), {
      path: ['reason'],
      message: 'say why the gates are passed',
    }),
  rollback: z.strictObject({ ...whoAndWhy, dryRun: z.boolean().default(false) }),
  drill: z.strictObject({
    ...whoAndWhy,
    /** Kills the engine at a point, or does something else to the system: `kill-proxy@cutover.fence.before`. */
    fault: z
      .union([
        z.strictObject({ killEngineAt: z.string().max(80) }),
        z.strictObject({ inject: z.string().max(120) }),
      ])
      .optional(),
    rate: z.number().min(1).max(5_000).optional(),
    seconds: z.number().min(1).max(3_600).optional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .optional(),
  }),
} as const

export type VerbName = keyof typeof bodies
type Body<V extends VerbName> = z.infer<(typeof bodies)[V]>
type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }
export type VerbBody<V extends VerbName> = Defined<Body<V>>
export type VerbRequest = { [V in VerbName]: { verb: V; body: VerbBody<V> } }[VerbName]

export const barrierBody = z.strictObject({ timeoutMs: z.number().min(1).max(60_000).default(5_000) })
export const auditQuery = z.strictObject({
  limit: z.coerce.number().pipe(z.int().min(1).max(1_000)).default(50),
  verify: z.enum(['true', 'false']).default('false'),
})

export function isVerb(name: string): name is VerbName {
  return Object.hasOwn(bodies, name)
}

/** @throws ToolkitError REQUEST_INVALID with every problem of the body */
export function readVerb(verb: VerbName, body: unknown): VerbRequest {
  return { verb, body: readInput(bodies[verb] as z.ZodType, body ?? {}) } as VerbRequest
}

/** @throws ToolkitError REQUEST_INVALID */
export function readInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  throw invalidInput('REQUEST_INVALID', 'request', problems)
}
