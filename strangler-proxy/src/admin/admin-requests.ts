import { invalidInput } from '@strangler/kit/problem.ts'
import { type ZodType, z } from 'zod'
import { sides, stages } from '../config/config-schema.ts'

const epoch = z.int().min(0)
const leaseMs = z.int().min(100).max(300_000)
const note = z.string().max(500)

export const generationRequest = z.strictObject({
  changes: z
    .array(
      z.strictObject({
        capability: z.string(),
        stage: z.enum(stages).optional(),
        writes: z.enum(sides).optional(),
        percent: z.number().min(0).max(100).optional(),
        ignore: z
          .strictObject({
            route: z.string().max(500).optional(),
            path: z.string().min(1).max(500),
            reason: note.min(1),
            until: z.iso.date().optional(),
          })
          .optional(),
        epoch: epoch.optional(),
      }),
    )
    .min(1)
    .max(100),
  by: note.default(''),
  reason: note.default(''),
})

export const revertRequest = z.strictObject({ by: note.default(''), reason: note.default('') })

export const recordingRequest = z.strictObject({
  capability: z.string().optional(),
  sample: z.number().min(0).max(1).default(1),
  fileBytes: z.int().min(4_096).max(1_073_741_824).default(16_777_216),
  maxBytes: z.int().min(4_096).max(68_719_476_736).default(268_435_456),
  redact: z.array(z.string().min(1).max(100)).max(200).default([]),
  by: note.default(''),
  reason: note.default(''),
})

export const generationNumber = z.strictObject({ number: z.coerce.number().pipe(z.int().min(1)) })

export const historyQuery = z.strictObject({
  limit: z.coerce.number().pipe(z.int().min(1).max(200)).default(50),
})

export const holdRequest = z.strictObject({
  capability: z.string(),
  epoch,
  leaseMs: leaseMs.optional(),
  maxParked: z.int().min(1).max(100_000).optional(),
  maxBytes: z.int().min(1).optional(),
})

export const renewRequest = z.strictObject({ epoch, leaseMs })

export const releaseQuery = z.strictObject({ epoch: z.coerce.number().pipe(epoch) })

export const auditQuery = z.strictObject({
  limit: z.coerce.number().pipe(z.int().min(1).max(10_000)).default(50),
  verify: z.enum(['true', 'false']).default('false'),
})

export const drainQuery = z.strictObject({
  drainedWithinMs: z.coerce.number().pipe(z.int().min(0).max(60_000)).default(0),
})

/** @throws ToolkitError REQUEST_INVALID with every problem of the input */
export function readInput<T>(schema: ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw invalidInput(
    'REQUEST_INVALID',
    'request',
    parsed.error.issues.map(issue => ({ path: issue.path.join('.'), message: issue.message })),
  )
}
