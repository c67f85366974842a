import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import type { ChangeSources } from '../cdc/change-sources.ts'
import type { FaultTools } from '../faults/inject-fault.ts'
import type { Evidence } from '../journal/evidence.ts'
import type { Journal } from '../journal/journal.ts'
import type { Lease } from '../journal/lease.ts'
import type { RollbackAlarms } from '../journal/rollback-alarms.ts'
import type { ProxyAdmin } from '../operator/proxy-admin.ts'
import type { Sides, SyncSupervisor } from '../operator/supervise-sync.ts'
import type { Plan } from '../plan/plan.ts'
import type { FailPoint } from './fail-points.ts'

/** What the engine is made of, as steps, cutover and drill use it. */
export type SwitchParts = {
  journal: Journal
  evidence: Evidence
  alarms: RollbackAlarms
  proxies: readonly ProxyAdmin[]
  syncs: SyncSupervisor
  /** Where both directions' changes come from. */
  sources: ChangeSources
  sidesOf(plan: Plan): Sides
  /** All plans, for what hangs together. */
  plans?: ReadonlyMap<string, Plan>
  /** The public URL that clients use: a drill's load goes through it. */
  entryUrl: string
  /** Folder of a drill's reports. */
  reports?: string | undefined
  /** Absent where no fault may be injected. */
  faults?: FaultTools
  clock: Clock
  log: Log
}

export type Progress = { step: string; message: string; done?: number; total?: number }

/** One verb of an operator: who asks, why, under which lease, and who listens. */
export type Order = {
  by: string
  reason: string
  lease: Lease
  /** Aborts when the lease is lost or the engine stops. */
  signal: AbortSignal
  failPoint: FailPoint
  onProgress(progress: Progress): void
}
