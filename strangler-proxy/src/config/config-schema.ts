import { z } from 'zod'

export const stages = ['legacy', 'shadow', 'canary', 'extracted', 'retired'] as const
export const sides = ['legacy', 'extracted'] as const

/** Where a capability stands on its way: what is served by which side. */
export type Stage = (typeof stages)[number]
/** Where a request or a row is served. */
export type Side = (typeof sides)[number]
/** Declared per route: a SOAP read is a POST, so the method cannot tell. */
export type Effect = 'read' | 'write'

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'a name: lower-case letters, digits and dashes, at most 63')

export const origin = z.string().superRefine((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const refuse = (message: string) => context.addIssue({ code: 'custom', message })
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return refuse('an http:// or https:// URL')
  if (url.username !== '' || url.password !== '') refuse('a URL without user and password')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    refuse('a URL without a path: requests are forwarded with the path that they were matched by')
})

const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'an address or a network, such as 10.0.0.0/8',
})

const allowedName = z
  .string()
  .regex(/^(\*\.)?[A-Za-z][A-Za-z0-9.-]{0,252}$/, 'a network, a host name, or *.suffix')
  .toLowerCase()

const milliseconds = z.int().min(1).max(3_600_000)

/** Asked of each server by itself; what requests show is learnt besides. */
const health = z.strictObject({
  path: z.string().regex(/^\/[^\s#]*$/, 'a path that starts with /'),
  everyMs: milliseconds.default(5_000),
  timeoutMs: milliseconds.default(2_000),
  /** In a row, before a server is left out, and before it is back. */
  failures: z.int().min(1).max(100).default(2),
  successes: z.int().min(1).max(100).default(1),
})

/** Files as PEM, looked for beside the configuration. There is no key that switches the check off. */
const upstreamTls = z.strictObject({
  /** Authorities by which the upstream's certificate is judged, instead of the system's. */
  ca: z.string().min(1).optional(),
  /** Shown to an upstream that asks who is calling. */
  cert: z.string().min(1).optional(),
  key: z.string().min(1).optional(),
  /** The name that the certificate must be of, where it is not that of the URL. */
  servername: z.hostname().optional(),
})

const bulkhead = z.strictObject({
  /** Requests at once, over all servers of the upstream. */
  inFlight: z.int().min(1).max(100_000),
  /** More wait, up to this number and this long. */
  queued: z.int().min(0).max(100_000).default(0),
  waitMs: milliseconds.default(1_000),
})

const serviceName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'the name of a service: lower-case letters, digits and dashes')

const upstream = z.strictObject({
  url: origin.optional(),
  urls: z.array(origin).min(1).max(64).optional(),
  /** Servers that register under this name. */
  service: serviceName.optional(),
  /** Servers that DNS names, such as _http._tcp.catalog.internal; asked again every refreshMs. */
  srv: z
    .string()
    .regex(/^_https?\._tcp\.[A-Za-z0-9._-]{1,200}$/, 'such as _http._tcp.catalog.internal, or _https._tcp.…')
    .optional(),
  refreshMs: z.int().min(100).max(3_600_000).default(5_000),
  /** What the upstream gets as Host: preserve (the client's), upstream (that of its URL), or this name. */
  host: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/, 'preserve, upstream, or a host name')
    .default('preserve'),
  tls: upstreamTls.optional(),
  bulkhead: bulkhead.optional(),
  /** round-robin, least-pending, or hash:KEY with a key such as cookie:sid: who asks again comes to the same server. */
  balance: z.string().default('round-robin'),
  health: health.optional(),
})

const bytes = z.int().min(1)
const share = z.number().min(0).max(1)

const headerName = z
  .string()
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'the name of a header')
  .toLowerCase()

/** What a request must show besides method and path. */
const condition = z.strictObject({
  /** Without port. */
  host: z.string().toLowerCase().optional(),
  headers: z.record(headerName, z.string()).optional(),
  query: z.record(z.string(), z.string()).optional(),
  /** The version that Accept asks for: application/json;version=2 or application/vnd.shop.v2+json. */
  version: z.int().min(0).max(999_999).optional(),
})

/** A header that a request carries, with that value where one is given. */
const marked = z.strictObject({ header: headerName, value: z.string().optional() })

const route = z.strictObject({
  rest: z.string().optional(),
  soap: z.string().optional(),
  when: condition.optional(),
  /** The SOAPAction of the operation, where it does not end in the operation's name. */
  action: z.string().optional(),
  effect: z.enum(['read', 'write']),
  legacy: name.optional(),
  extracted: name,
  /** Whether the write is also run on the extracted side as a rehearsal, which keeps nothing, and compared. */
  rehearse: z.boolean().default(false),
})

const comparison = z.strictObject({
  /** Share of the reads that are copied to the other side and compared. */
  sample: share.default(1),
  /** Share of those for which legacy is asked twice, to learn how often it differs from itself. */
  noise: share.default(0.05),
  minSamples: z.int().min(1).default(50),
  /** The absolute bar: share of the reads that may diverge beyond the noise. */
  maxDivergence: share.default(0),
  /** The relative bar: divergence d counts from where (d − noise) / (d + noise) reaches this. */
  aboveNoise: share.default(0.2),
  /** With which the bounds of a verdict hold. */
  confidence: z.literal([0.9, 0.95, 0.99]).default(0.95),
  /** How many times legacy's p95 the extracted side may take; not judged unless set. */
  maxSlowdown: z.number().min(0.1).max(1_000).optional(),
  /** How lists are compared whose items have that path, as divergences show it; by position unless named here. */
  arrays: z
    .array(
      z
        .strictObject({
          route: z.string().optional(),
          path: z.string().min(1),
          as: z.enum(['position', 'set', 'key']),
          /** Within the item: `id`, or `customer.id`. */
          key: z.string().min(1).optional(),
        })
        .refine(
          ({ as, key }) => (as === 'key') === (key !== undefined),
          'key goes with as: key, and only there',
        ),
    )
    .max(200)
    .default([]),
  /** Whether an element with xsi:nil="true" equals an absent one. */
  nilIsAbsent: z.boolean().default(false),
  /** Names of fields whose values stand in samples as they are; all others are hashed with a key. */
  reveal: z.array(z.string().min(1)).max(200).default([]),
  /** Names of headers that copies do not carry. Cookie and Authorization go along unless named here. */
  withhold: z.array(z.string().toLowerCase()).max(50).default([]),
  ignore: z
    .array(
      z.strictObject({
        route: z.string().optional(),
        path: z.string().min(1),
        reason: z.string().min(1),
        /** The last day on which the rule holds, such as 2027-01-31, UTC; then what it covers diverges again. */
        until: z.iso.date().optional(),
      }),
    )
    .max(200)
    .default([]),
})

const hold = z.strictObject({
  maxParked: z.int().min(1).max(100_000).default(2_000),
  maxBytes: bytes.default(33_554_432),
  leaseMs: z.int().min(100).max(300_000).default(15_000),
})

const capability = z.strictObject({
  stage: z.enum(stages),
  writes: z.enum(sides).optional(),
  data: z.enum(['synced', 'none']).default('synced'),
  canary: z
    .strictObject({
      percent: z.number().min(0).max(100),
      key: z.string(),
      /** Requests that belong to the cohort whatever the percent is, and those that never do, which goes first. */
      include: z.array(marked).max(50).default([]),
      exclude: z.array(marked).max(50).default([]),
    })
    .optional(),
  comparison: comparison.prefault({}),
  hold: hold.prefault({}),
  routes: z.array(route).min(1).max(20_000),
})

export const configSchema = z.strictObject({
  version: z.literal(1),
  upstreams: z.record(name, upstream),
  default: name,
  capabilities: z.record(name, capability).default({}),
  /** Whether replies carry Strangler-Side and Strangler-Generation. */
  expose: z.boolean().default(false),
  /** Addresses and networks of proxies in front of this one: what they say of the client is taken over. */
  trustedPeers: z.array(network).max(1_000).default([]),
  /** Whether upstreams get Forwarded (RFC 7239) as well as X-Forwarded-*. */
  forwarded: z.boolean().default(false),
  registry: z
    .strictObject({
      /** Where registered servers may be: networks, names, or *.suffix; anywhere but link-local unless given. */
      allow: z
        .array(z.union([network, allowedName]))
        .max(1_000)
        .optional(),
    })
    .prefault({}),
  /** Whether every request gets a log line; failed ones always do. */
  accessLog: z.boolean().default(false),
  timeouts: z
    .strictObject({
      connectMs: milliseconds.default(5_000),
      /** From a connection's begin, or a request's first byte, to the end of its head. */
      requestHeadersMs: milliseconds.default(10_000),
      /** From the last byte sent to the reply's head. */
      headersMs: milliseconds.default(60_000),
      /** Silence within a reply. */
      idleMs: milliseconds.default(100_000),
      /** The whole exchange; unlimited unless set, because downloads and event streams last. */
      totalMs: milliseconds.optional(),
      /** How long an end of the process waits for what runs: requests, event streams, WebSockets. */
      drainMs: z.int().min(0).max(12_000).default(10_000),
    })
    .prefault({}),
  limits: z
    .strictObject({
      bodyBytes: bytes.default(1_073_741_824),
      headerBytes: z.int().min(1_024).max(1_048_576).default(16_384),
      /** Of clients, at once; more are closed without an answer. */
      connections: z.int().min(1).max(1_000_000).default(10_000),
      /** A body that arrives slower is refused with 408; 0 takes any. */
      bodyBytesPerSecond: z.int().min(0).default(240),
      /** Over how long that rate is measured, again and again. */
      bodyRateMs: z.int().min(100).max(60_000).default(5_000),
    })
    .prefault({}),
})

export type Config = z.infer<typeof configSchema>
export type UpstreamConfig = Config['upstreams'][string]
export type UpstreamTls = z.infer<typeof upstreamTls>
export type BulkheadLimits = z.infer<typeof bulkhead>
export type HealthConfig = z.infer<typeof health>
export type CapabilityConfig = Config['capabilities'][string]
export type RouteCondition = z.infer<typeof condition>
export type CohortMark = z.infer<typeof marked>
export type RouteConfig = CapabilityConfig['routes'][number]
export type ComparisonConfig = CapabilityConfig['comparison']
export type HoldLimits = CapabilityConfig['hold']

/** The base URLs that the file gives an upstream, in its order; none where its servers are found otherwise. */
export function urlsOf(upstreamConfig: UpstreamConfig): string[] {
  return upstreamConfig.urls ?? (upstreamConfig.url === undefined ? [] : [upstreamConfig.url])
}
