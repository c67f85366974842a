import type { SwitchParts } from '../cutover/switch-parts.ts'
import type { Plan } from '../plan/plan.ts'
import { statusOfEach, sumComparisons } from './proxies.ts'
import type { ProxyCapability } from './proxy-admin.ts'

/** The document of `strangler status --json`. */
export async function describeStatus(
  parts: SwitchParts,
  plans: ReadonlyMap<string, Plan>,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const { statuses, silent } = await statusOfEach(parts.proxies, signal)
  const names = new Set([
    ...statuses.flatMap(({ status }) => status.capabilities.map(({ name }) => name)),
    ...plans.keys(),
  ])
  const capabilities = await Promise.all(
    [...names].map(name => {
      const routed = statuses.flatMap(
        ({ status }) => status.capabilities.find(entry => entry.name === name) ?? [],
      )
      return describeCapability(parts, plans.get(name), name, routed)
    }),
  )
  return {
    generation: Math.max(0, ...statuses.map(({ status }) => status.generation)),
    problems: statuses.flatMap(({ status }) => status.problems),
    proxies: [
      ...statuses.map(({ url, status }) => ({ url, generation: status.generation, hash: status.hash })),
      ...silent.map(url => ({ url, generation: null, hash: null })),
    ],
    capabilities,
  }
}

async function describeCapability(
  parts: SwitchParts,
  plan: Plan | undefined,
  name: string,
  routed: readonly ProxyCapability[],
): Promise<Record<string, unknown>> {
  const [first] = routed
  const held = routed.filter(({ hold }) => hold !== null).map(({ hold }) => hold!)
  const shown = {
    name,
    stage: first?.stage ?? null,
    writes: first?.writes ?? null,
    percent: first?.percent ?? 0,
    comparison: sumComparisons(routed.map(({ comparison }) => comparison)),
    hold:
      held.length === 0
        ? null
        : {
            sinceMs: Math.max(...held.map(({ sinceMs }) => sinceMs)),
            parked: held.reduce((sum, { parked }) => sum + parked, 0),
          },
  }
  if (plan === undefined) return { ...shown, lagMs: null, positionsBehind: null, lastDrill: null, sync: null }
  const [state, { underWay, last: drill }, verification, autoRollbackOn] = await Promise.all([
    parts.journal.state(name),
    parts.evidence.shownDrill(name),
    parts.evidence.lastVerification(name),
    parts.alarms.of(name),
  ])
  const sync = parts.syncs.current(name)
  const status = sync?.sync.status()
  return {
    ...shown,
    lagMs: status?.running === true ? status.lagMs : null,
    positionsBehind: status?.running === true ? status.positionsBehind : null,
    lastDrill:
      drill === undefined
        ? null
        : { at: drill.at.toISOString(), ok: drill.ok, ...drillFigures(drill.result) },
    drillUnderWay: underWay,
    autoRollbackOn,
    owner: state.owner,
    epoch: state.epoch,
    phase: state.phase,
    sync:
      status === undefined ? null : { source: sync!.source, running: status.running, error: status.error },
    lastVerification:
      verification === undefined
        ? null
        : { at: verification.at.toISOString(), ok: verification.ok, rows: verification.rows },
  }
}

/** Of a stored result: one of an earlier version, or of a drill that broke off, may lack figures. */
function drillFigures(result: unknown): Record<string, number | null> {
  const { writes, hold, rollbackMs } = (result ?? {}) as {
    writes?: { lost?: number }
    hold?: { p99Ms?: number }
    rollbackMs?: number
  }
  return {
    lostWrites: writes?.lost ?? null,
    holdP99Ms: hold?.p99Ms ?? null,
    rollbackMs: rollbackMs ?? null,
  }
}
