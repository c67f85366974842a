import { z } from 'zod'
import { origin } from '../config/config-schema.ts'

/** What an instance says of itself, besides the service and the id that stand in the path. */
export const registration = z.strictObject({ url: origin, ttlMs: z.int().min(1_000).max(60_000) })

export const registrationPath = z.strictObject({
  service: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes, at most 63'),
  id: z.string().regex(/^[\w.-]{1,64}$/, 'letters, digits, dot, dash and underscore, at most 64'),
})
