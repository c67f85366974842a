import type { Traffic } from '../capability-state.ts'
import { ComparisonLedger } from '../comparison/comparison-ledger.ts'
import type { UpstreamView } from '../forwarding/upstreams.ts'
import type { HoldEnd, HoldView } from '../holding/hold-desk.ts'
import type { RecordingFigures } from '../recording/recorder.ts'
import type { CapabilityReport, WorkersReport } from './workers.ts'

/** The reports of several workers as one. */
export function mergeReports(reports: readonly WorkersReport[]): WorkersReport {
  const names = new Set(reports.flatMap(({ capabilities }) => Object.keys(capabilities)))
  return {
    workers: reports.flatMap(({ workers }) => workers),
    capabilities: Object.fromEntries(
      [...names].map(name => [
        name,
        mergeCapability(
          name,
          reports.flatMap(({ capabilities }) => capabilities[name] ?? []),
        ),
      ]),
    ),
    upstreams: mergeUpstreams(reports.flatMap(({ upstreams }) => upstreams)),
    breakers: mergeBreakers(reports.map(({ breakers }) => breakers)),
  }
}

/** What a report leaves behind when its worker is gone: what was counted, and nothing of what was going on. */
export function departed(report: WorkersReport): WorkersReport {
  return {
    workers: [],
    capabilities: Object.fromEntries(
      Object.entries(report.capabilities).map(([name, { traffic, ledger }]) => [
        name,
        { hold: null, inflightWrites: 0, traffic, pinned: 0, ledger },
      ]),
    ),
    upstreams: [],
    breakers: {},
  }
}

export function withoutComparison(report: WorkersReport, capability: string): WorkersReport {
  const found = report.capabilities[capability]
  if (found === undefined) return report
  const emptied = { ...found, ledger: { routes: [], divergences: [] } }
  return { ...report, capabilities: { ...report.capabilities, [capability]: emptied } }
}

export function mergeHoldEnds(ends: readonly HoldEnd[]): HoldEnd {
  return {
    released: sum(ends.map(({ released }) => released)),
    expired: sum(ends.map(({ expired }) => expired)),
    refused: sum(ends.map(({ refused }) => refused)),
    waited: ends.flatMap(({ waited }) => waited),
  }
}

export function mergeHolds(holds: readonly HoldView[]): HoldView | null {
  const first = holds[0]
  if (first === undefined) return null
  return {
    id: first.id,
    epoch: Math.max(...holds.map(({ epoch }) => epoch)),
    sinceMs: Math.max(...holds.map(({ sinceMs }) => sinceMs)),
    parked: sum(holds.map(({ parked }) => parked)),
    bytes: sum(holds.map(({ bytes }) => bytes)),
    leaseLeftMs: Math.min(...holds.map(({ leaseLeftMs }) => leaseLeftMs)),
  }
}

/** @param parts of one recording, at least one */
export function mergeRecordings(parts: readonly RecordingFigures[]): RecordingFigures {
  const first = parts[0]!
  const total = (pick: (part: RecordingFigures) => number) => sum(parts.map(pick))
  return {
    ...first,
    active: parts.some(({ active }) => active),
    seen: total(({ seen }) => seen),
    recorded: total(({ recorded }) => recorded),
    open: total(({ open }) => open),
    bytes: total(({ bytes }) => bytes),
    files: parts.flatMap(({ files }) => files).sort(),
    skipped: Object.fromEntries(
      Object.keys(first.skipped).map(reason => [
        reason,
        total(({ skipped }) => skipped[reason as keyof typeof skipped]),
      ]),
    ) as RecordingFigures['skipped'],
  }
}

function mergeCapability(name: string, parts: readonly CapabilityReport[]): CapabilityReport {
  const ledger = new ComparisonLedger(name)
  for (const part of parts) ledger.add(part.ledger)
  return {
    hold: mergeHolds(parts.flatMap(({ hold }) => hold ?? [])),
    inflightWrites: sum(parts.map(({ inflightWrites }) => inflightWrites)),
    traffic: mergeTraffic(parts.map(({ traffic }) => traffic)),
    // Every worker has all pins.
    pinned: Math.max(...parts.map(({ pinned }) => pinned)),
    ledger: ledger.snapshot(),
  }
}

function mergeTraffic(parts: readonly Traffic[]): Traffic {
  const side = (name: keyof Traffic) => ({
    read: sum(parts.map(part => part[name].read)),
    write: sum(parts.map(part => part[name].write)),
    failed: sum(parts.map(part => part[name].failed)),
  })
  return { legacy: side('legacy'), extracted: side('extracted') }
}

function mergeUpstreams(views: readonly UpstreamView[]): UpstreamView[] {
  return [...groupBy(views, ({ name }) => name).values()].map(parts => ({
    ...parts[0]!,
    breaker: worst(parts.map(({ breaker }) => breaker)),
    ...mergeBulkheads(parts.flatMap(({ bulkhead }) => bulkhead ?? [])),
    instances: [
      ...groupBy(
        parts.flatMap(({ instances }) => instances),
        ({ url }) => url,
      ).values(),
    ].map(same => ({
      ...same[0]!,
      healthy: same.every(({ healthy }) => healthy),
      ejected: same.some(({ ejected }) => ejected),
      pending: sum(same.map(({ pending }) => pending)),
    })),
  }))
}

function mergeBulkheads(
  parts: readonly NonNullable<UpstreamView['bulkhead']>[],
): Pick<UpstreamView, 'bulkhead'> {
  if (parts.length === 0) return {}
  return {
    bulkhead: {
      inFlight: sum(parts.map(({ inFlight }) => inFlight)),
      queued: sum(parts.map(({ queued }) => queued)),
      refused: sum(parts.map(({ refused }) => refused)),
    },
  }
}

function mergeBreakers(parts: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const names = new Set(parts.flatMap(part => Object.keys(part)))
  return Object.fromEntries([...names].map(name => [name, worst(parts.map(part => part[name]))]))
}

/** Each worker learns by itself; what one of them has learnt is what an operator wants to see. */
function worst(states: readonly (string | undefined)[]): string {
  return ['open', 'half-open'].find(state => states.includes(state)) ?? 'closed'
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
