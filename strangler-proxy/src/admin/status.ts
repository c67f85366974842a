import type { Problem } from '@strangler/kit/problem.ts'
import type { Traffic } from '../capability-state.ts'
import { ComparisonLedger, type Counts } from '../comparison/comparison-ledger.ts'
import type { Side, Stage } from '../config/config-schema.ts'
import type { UpstreamView } from '../forwarding/upstreams.ts'
import type { HoldView } from '../holding/hold-desk.ts'
import type { Capability, Generation } from '../routing/generation.ts'
import type { Generations } from '../routing/generations.ts'
import type { CapabilityReport, WorkersReport } from '../workers/workers.ts'

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
  /** The processes that serve; figures are those of all of them. */
  workers: WorkersReport['workers']
  capabilities: CapabilityStatus[]
  upstreams: readonly UpstreamView[]
}

export function describeStatus(file: string, generations: Generations, report: WorkersReport): ProxyStatus {
  const generation = generations.current()
  return {
    generation: generation.number,
    hash: generation.hash,
    file,
    problems: generations.problems(),
    workers: report.workers,
    capabilities: [...generation.capabilities.values()].map(capability =>
      describeCapability(
        capability,
        report.capabilities[capability.name],
        breakersOf(generation, capability, report.breakers),
      ),
    ),
    upstreams: report.upstreams,
  }
}

function describeCapability(
  { name, stage, writes, data, percent, keyText, comparison }: Capability,
  report: CapabilityReport | undefined,
  breaker: Record<string, string>,
): CapabilityStatus {
  const ledger = new ComparisonLedger(name)
  if (report !== undefined) ledger.add(report.ledger)
  return {
    name,
    stage,
    writes: writes ?? null,
    data,
    percent,
    key: keyText ?? null,
    hold: report?.hold ?? null,
    inflightWrites: report?.inflightWrites ?? 0,
    traffic: report?.traffic ?? {
      legacy: { read: 0, write: 0, failed: 0 },
      extracted: { read: 0, write: 0, failed: 0 },
    },
    breaker,
    pinned: report?.pinned ?? 0,
    comparison: ledger.summary(comparison),
  }
}

function breakersOf(
  { config }: Generation,
  { name }: Capability,
  breakers: Readonly<Record<string, string>>,
): Record<string, string> {
  const routes = config.capabilities[name]?.routes ?? []
  const named = new Set(routes.flatMap(({ legacy, extracted }) => [legacy, extracted]))
  return Object.fromEntries(Object.entries(breakers).filter(([upstream]) => named.has(upstream)))
}
