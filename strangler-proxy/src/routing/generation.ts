import { routeId } from '../config/check-config.ts'
import { type CohortKey, parseCohortKey } from '../config/cohort-key.ts'
import type {
  CapabilityConfig,
  CohortMark,
  ComparisonConfig,
  Config,
  Effect,
  HoldLimits,
  RouteCondition,
  RouteConfig,
  Side,
  Stage,
} from '../config/config-schema.ts'
import { parseRestPattern, parseSoapPattern, type RestPattern, shapeOf } from '../config/route-pattern.ts'
import { createEdge, type Edge } from '../forwarding/trusted-peers.ts'
import { cohortSeed, cohortThreshold } from './cohort.ts'
import { createRestMatcher, type RestMatcher } from './rest-matcher.ts'
import { weightOf } from './route-condition.ts'

export type Capability = Readonly<{
  name: string
  stage: Stage
  /** Undefined where the capability has no data of its own. */
  writes: Side | undefined
  data: 'synced' | 'none'
  percent: number
  keyText: string | undefined
  key: CohortKey | undefined
  seed: number
  threshold: number
  include: readonly CohortMark[]
  exclude: readonly CohortMark[]
  comparison: ComparisonConfig
  hold: HoldLimits
}>

export type Route = Readonly<{
  /** As the file writes it: `GET /customers/{id}`, `/soap#GetCustomer`. */
  id: string
  capability: Capability
  effect: Effect
  /** Names of upstreams. Legacy is gone for a retired capability. */
  legacy: string | undefined
  extracted: string
  parameters: readonly string[]
  action: string | undefined
  /** What a request must show besides. */
  when: RouteCondition | undefined
  /** Whether a write is also run on the extracted side as a rehearsal. */
  rehearse: boolean
}>

/** Routes of one method and path, told apart by their conditions; the one that asks for most stands first. */
export type RouteChoice = readonly Route[]

/** The operations of one SOAP endpoint that belong to a capability; all others go to the default upstream. */
export type SoapEndpoint = ReadonlyMap<string, Route>

/** The whole route table, frozen and numbered. A request keeps the one it began with. */
export type Generation = Readonly<{
  number: number
  hash: string
  text: string
  config: Config
  capabilities: ReadonlyMap<string, Capability>
  rest: RestMatcher<RouteChoice>
  soap: ReadonlyMap<string, SoapEndpoint>
  /** Undefined where no peer is trusted and nobody wants Forwarded. */
  edge: Edge | undefined
}>

/**
 * The claimed operations of a path. `/soap/` is `/soap`: SOAP servers take both, so neither may go round the
 * route table.
 */
export function soapEndpointOf({ soap }: Generation, path: string): SoapEndpoint | undefined {
  return soap.get(path) ?? (path.endsWith('/') ? soap.get(path.slice(0, -1)) : undefined)
}

/** Compiles a checked configuration; nothing of it changes afterwards. */
export function createGeneration(number: number, config: Config, text: string, hash: string): Generation {
  const capabilities = new Map<string, Capability>()
  const rest = new Map<string, { pattern: RestPattern; value: Route[] }>()
  const soap = new Map<string, Map<string, Route>>()
  for (const [name, capabilityConfig] of Object.entries(config.capabilities)) {
    const capability = createCapability(name, capabilityConfig)
    capabilities.set(name, capability)
    for (const routeConfig of capabilityConfig.routes) {
      if (routeConfig.rest !== undefined) {
        const pattern = parseRestPattern(routeConfig.rest)
        if (typeof pattern === 'string') continue
        const shape = shapeOf(pattern)
        const choice = rest.get(shape) ?? { pattern, value: [] }
        choice.value.push(createRoute(capability, routeConfig, pattern))
        choice.value.sort((one, other) => weightOf(other.when) - weightOf(one.when))
        rest.set(shape, choice)
      } else if (routeConfig.soap !== undefined) {
        const pattern = parseSoapPattern(routeConfig.soap)
        if (typeof pattern === 'string') continue
        const operations = soap.get(pattern.endpoint) ?? new Map<string, Route>()
        operations.set(pattern.operation, createRoute(capability, routeConfig, undefined))
        soap.set(pattern.endpoint, operations)
      }
    }
  }
  return Object.freeze({
    number,
    hash,
    text,
    config,
    capabilities,
    rest: createRestMatcher<RouteChoice>(rest.values()),
    soap,
    edge: createEdge(config.trustedPeers, config.forwarded),
  })
}

function createCapability(name: string, config: CapabilityConfig): Capability {
  const key = config.canary === undefined ? undefined : parseCohortKey(config.canary.key)
  const percent = config.canary?.percent ?? 0
  return Object.freeze({
    name,
    stage: config.stage,
    writes: config.data === 'none' ? undefined : config.writes,
    data: config.data,
    percent,
    keyText: config.canary?.key,
    key: typeof key === 'string' ? undefined : key,
    seed: cohortSeed(name),
    threshold: cohortThreshold(percent),
    include: config.canary?.include ?? [],
    exclude: config.canary?.exclude ?? [],
    comparison: config.comparison,
    hold: config.hold,
  })
}

function createRoute(capability: Capability, config: RouteConfig, pattern: RestPattern | undefined): Route {
  return Object.freeze({
    id: routeId(config),
    capability,
    effect: config.effect,
    legacy: config.legacy,
    extracted: config.extracted,
    parameters: (pattern?.segments ?? []).flatMap(step => ('parameter' in step ? [step.parameter] : [])),
    action: config.action,
    when: config.when,
    rehearse: config.rehearse,
  })
}
