import type { Traffic } from '../capability-state.ts'
import type { LedgerSnapshot } from '../comparison/tally.ts'
import type { HoldLimits } from '../config/config-schema.ts'
import type { Registration } from '../discovery/service-registry.ts'
import type { UpstreamView } from '../forwarding/upstreams.ts'
import type { HoldEnd, HoldView } from '../holding/hold-desk.ts'
import type { RecordingFigures, RecordingOrder } from '../recording/recorder.ts'
import type { Generation } from '../routing/generation.ts'

/** Of a hold that stands already, the id stays. */
export type HoldOrder = { capability: string; epoch: number; limits: HoldLimits; id?: string | undefined }
export type HoldBegun = { id: string; inflight: number }
export type HoldDrain = { inflight: number; parked: number; sinceMs: number }

export type RecordingStart = RecordingOrder & { by: string; reason: string }

/** What one capability has going on. */
export type CapabilityReport = {
  hold: HoldView | null
  inflightWrites: number
  traffic: Traffic
  /** Callers kept on the write owner until their write is applied on the other side. */
  pinned: number
  ledger: LedgerSnapshot
}

export type WorkersReport = {
  workers: readonly { id: number; pid: number }[]
  capabilities: Readonly<Record<string, CapabilityReport>>
  upstreams: readonly UpstreamView[]
  /** State of the breaker by upstream, those of earlier generations included. */
  breakers: Readonly<Record<string, string>>
}

/** Those who serve requests, one process or several, as the admin API sees them: figures are those of all. */
export type Workers = {
  /** Resolves when each serves the generation. */
  use(next: Generation, previous: Generation | undefined): Promise<void>
  /** Tells where the servers that registered are. */
  learn(instances: readonly Registration[]): Promise<void>
  report(): Promise<WorkersReport>
  /** Resolves when each parks new writes. @throws ToolkitError EPOCH_STALE, WORKER_SILENT: then none does */
  beginHold(order: HoldOrder): Promise<HoldBegun>
  /** @throws ToolkitError HOLD_NOT_FOUND */
  drained(capability: string, withinMs: number, signal: AbortSignal): Promise<HoldDrain>
  /** @throws ToolkitError EPOCH_STALE, HOLD_NOT_FOUND */
  renewHold(capability: string, epoch: number, leaseMs: number): Promise<HoldView>
  /** @throws ToolkitError EPOCH_STALE, HOLD_NOT_FOUND */
  releaseHold(capability: string, epoch: number): Promise<HoldEnd>
  resetComparison(capability: string): Promise<void>
  /** @throws ToolkitError RECORDING_ACTIVE */
  startRecording(order: RecordingStart): Promise<RecordingFigures>
  /** @throws ToolkitError RECORDING_UNKNOWN, RECORDING_FAILED */
  stopRecording(id: string): Promise<RecordingFigures>
  recordings(): Promise<RecordingFigures[]>
}
