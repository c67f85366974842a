import { z } from 'zod'
import { sides, stages } from '../config/config-schema.ts'
import { registrationPath } from '../discovery/registration.ts'

/** What the admin API answers; the tests hold real answers against these. */
const count = z.int().min(0)
const milliseconds = z.number().min(0)
const instant = z.iso.datetime()
const problem = z.strictObject({
  path: z.string(),
  message: z.string(),
  line: z.int().min(1).optional(),
})

export const failure = z.strictObject({
  code: z.string().regex(/^[A-Z_]+$/),
  message: z.string(),
  hint: z.string().optional(),
  problems: z.array(problem).optional(),
  details: z.record(z.string(), z.unknown()).optional(),
})

export const generationAnswer = z.strictObject({ generation: count, hash: z.string() })

const generationEntry = z.strictObject({
  number: z.int().min(1),
  at: instant,
  by: z.string(),
  reason: z.string(),
  hash: z.string(),
  changes: z.array(z.strictObject({ path: z.string(), before: z.string(), after: z.string() })),
})
export const generationText = generationEntry.extend({ text: z.string() })
export const generationList = z.strictObject({ generation: count, generations: z.array(generationEntry) })

const comparisonCounts = z.strictObject({
  samples: count,
  matched: count,
  ignored: count,
  diverged: count,
  errors: count,
  noise: count,
  noiseSamples: count,
  verdict: z.enum(['pass', 'fail', 'insufficient']),
  why: z.string(),
  divergence: z.strictObject({ share: z.number(), low: z.number(), high: z.number() }),
})
const latency = z.strictObject({ p50: z.number(), p99: z.number() })

export const comparisonReport = comparisonCounts.extend({
  capability: z.string(),
  routes: z.array(comparisonCounts.extend({ route: z.string(), legacyMs: latency, extractedMs: latency })),
  divergences: z.array(
    z.strictObject({
      route: z.string(),
      path: z.string(),
      count,
      legacy: z.unknown(),
      extracted: z.unknown(),
      traceId: z.string(),
    }),
  ),
})

const holdView = z.strictObject({
  id: z.string(),
  epoch: count,
  sinceMs: milliseconds,
  parked: count,
  bytes: count,
  leaseLeftMs: milliseconds,
})
export const holdBegun = z.strictObject({ id: z.string(), inflight: count })
export const holdDrain = z.strictObject({ inflight: count, parked: count, sinceMs: milliseconds })
export const holdRenewed = holdView
export const holdReport = z.strictObject({
  released: count,
  expired: count,
  refused: count,
  waits: z.strictObject({ p50Ms: milliseconds, p99Ms: milliseconds, maxMs: milliseconds }),
})

const traffic = z.strictObject({ read: count, write: count, failed: count })

const capabilityStatus = z.strictObject({
  name: z.string(),
  stage: z.enum(stages),
  writes: z.enum(sides).nullable(),
  data: z.enum(['synced', 'none']),
  percent: z.number().min(0).max(100),
  key: z.string().nullable(),
  hold: holdView.nullable(),
  inflightWrites: count,
  traffic: z.strictObject({ legacy: traffic, extracted: traffic }),
  breaker: z.record(z.string(), z.enum(['closed', 'open', 'half-open'])),
  pinned: count,
  comparison: comparisonCounts,
})

const upstreamStatus = z.strictObject({
  name: z.string(),
  balance: z.string(),
  breaker: z.enum(['closed', 'open', 'half-open']),
  instances: z.array(
    z.strictObject({ url: z.string(), healthy: z.boolean(), ejected: z.boolean(), pending: count }),
  ),
  found: z.string().optional(),
  bulkhead: z.strictObject({ inFlight: count, queued: count, refused: count }).optional(),
})

export const statusAnswer = z.strictObject({
  generation: count,
  hash: z.string(),
  file: z.string(),
  problems: z.array(problem),
  workers: z.array(z.strictObject({ id: z.int().min(1), pid: z.int().min(1) })),
  capabilities: z.array(capabilityStatus),
  upstreams: z.array(upstreamStatus),
})

export const recordingAnswer = z.strictObject({
  id: z.string(),
  active: z.boolean(),
  since: instant,
  by: z.string(),
  reason: z.string(),
  capability: z.string().nullable(),
  seen: count,
  recorded: count,
  open: count,
  skipped: z.record(z.string(), count),
  bytes: count,
  files: z.array(z.string()),
  lostWorkers: count,
})
export const recordingList = z.strictObject({ recordings: z.array(recordingAnswer) })

export const serviceList = z.strictObject({
  services: z.array(z.strictObject({ name: z.string(), instances: count })),
})
export const instanceList = z.strictObject({
  service: registrationPath.shape.service,
  instances: z.array(z.strictObject({ id: registrationPath.shape.id, url: z.string(), expiresInMs: count })),
})
export const registered = registrationPath.extend({ expiresInMs: count })

const auditEntry = z.strictObject({
  seq: z.int().min(1),
  at: instant,
  operator: z.string(),
  verb: z.string(),
  capability: z.string(),
  reason: z.string(),
  details: z.unknown(),
  previous: z.string(),
  hash: z.string(),
})
const chain = z.union([
  z.strictObject({ ok: z.literal(true) }),
  z.strictObject({
    ok: z.literal(false),
    seq: z.int(),
    reason: z.enum(['changed', 'missing', 'cut off']),
  }),
])
export const auditAnswer = z.union([
  z.array(auditEntry),
  z.strictObject({ entries: z.array(auditEntry), chain }),
])
