import type { Problem } from '@strangler/kit/problem.ts'
import type { CapabilityState, CapabilityStates, Traffic } from '../capability-state.ts'
import type { Counts } from '../comparison/comparison-ledger.ts'
import type { Side, Stage } from '../config/config-schema.ts'
import type { Upstreams, UpstreamView } from '../forwarding/upstreams.ts'
import type { HoldView } from '../holding/hold-desk.ts'
import type { Capability, Generation } from '../routing/generation.ts'
import type { Generations } from '../routing/generations.ts'

export type CapabilityStatus = {
  name: string
  stage: Stage
  writes: Side | null
  data: 'synced' | 'none'
  percent: number
  key: string | null
  hold: HoldView | null
  inflightWrites: number
  traffic: Traffic
  /** State of the breaker of each upstream that the capability's routes name. */
  breaker: Record<string, string>
  /** Callers kept on the write owner until their write is applied on the other side. */
  pinned: number
  comparison: Counts
}

export type ProxyStatus = {
  generation: number
  hash: string
  file: string
  /** Of the file that was refused last; empty while the file is what is served. */
  problems: readonly Problem[]
  capabilities: CapabilityStatus[]
  upstreams: UpstreamView[]
}

export function describeStatus(parts: {
  file: string
  generations: Generations
  states: CapabilityStates
  upstreams: Pick<Upstreams, 'breakers' | 'describe'>
}): ProxyStatus {
  const generation = parts.generations.current()
  const breakers = parts.upstreams.breakers()
  return {
    generation: generation.number,
    hash: generation.hash,
    file: parts.file,
    problems: parts.generations.problems(),
    capabilities: [...generation.capabilities.values()].map(capability =>
      describeCapability(
        capability,
        parts.states.of(capability.name),
        breakersOf(generation, capability, breakers),
      ),
    ),
    upstreams: parts.upstreams.describe(),
  }
}

function describeCapability(
  capability: Capability,
  state: CapabilityState,
  breaker: Record<string, string>,
): CapabilityStatus {
  return {
    name: capability.name,
    stage: capability.stage,
    writes: capability.writes ?? null,
    data: capability.data,
    percent: capability.percent,
    key: capability.keyText ?? null,
    hold: state.desk.holding() ?? null,
    inflightWrites: state.desk.inflight(),
    traffic: state.traffic,
    breaker,
    pinned: state.pins.size(),
    comparison: state.ledger.summary(capability.comparison),
  }
}

function breakersOf(
  { config }: Generation,
  { name }: Capability,
  breakers: Record<string, string>,
): Record<string, string> {
  const routes = config.capabilities[name]?.routes ?? []
  const named = new Set(routes.flatMap(({ legacy, extracted }) => [legacy, extracted]))
  return Object.fromEntries(Object.entries(breakers).filter(([upstream]) => named.has(upstream)))
}
