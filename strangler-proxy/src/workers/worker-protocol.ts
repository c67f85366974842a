import type { Config } from '../config/config-schema.ts'
import type { Registration } from '../discovery/service-registry.ts'
import type { HoldEnd, HoldView } from '../holding/hold-desk.ts'
import type { RecordingFigures } from '../recording/recorder.ts'
import type { PinsView } from '../routing/pins.ts'
import type { TracingOptions } from '../tracing/span-exporter.ts'
import type { HoldBegun, HoldDrain, HoldOrder, RecordingStart, WorkersReport } from './workers.ts'

/** What a worker is for as long as it lives. */
export type WorkerRole = {
  id: number
  /** How many workers there are: limits are shared out among them. */
  of: number
  config: string
  token: string
  redactionKey: string
  operatorUrl?: string | undefined
  tracing?: TracingOptions | undefined
  listen: { host: string; port: number }
  tls?: { certFile: string; keyFile: string } | undefined
}

export type GenerationOrder = { number: number; hash: string; config: Config }

/** What holds when a worker begins to serve. */
export type WorkerState = {
  generation: GenerationOrder
  holds: readonly HoldOrder[]
  pins: readonly (readonly [capability: string, view: PinsView])[]
  recording: RecordingStart | null
  instances: readonly Registration[]
}

/** What the primary asks of a worker. */
export type WorkerCalls = {
  open(role: WorkerRole, generation: GenerationOrder): void
  /** Takes the state over, and listens. */
  serve(state: WorkerState): void
  use(generation: GenerationOrder): void
  learn(instances: readonly Registration[]): void
  report(): WorkersReport
  beginHold(order: HoldOrder): HoldBegun
  drained(capability: string, withinMs: number): HoldDrain
  renewHold(capability: string, epoch: number, leaseMs: number): HoldView
  releaseHold(capability: string, epoch: number): HoldEnd
  resetComparison(capability: string): void
  startRecording(order: RecordingStart): RecordingFigures
  stopRecording(id: string): RecordingFigures
  recordings(): RecordingFigures[]
  /** As prom-client tells them to another process. */
  metrics(): object[]
  pinned(capability: string, caller: string): void
  lifted(capability: string, callers: readonly string[], everybody: boolean): void
  renewCertificate(): void
  close(drainMs: number): void
}

/** What a worker asks of the primary. */
export type PrimaryCalls = {
  /** Resolves once every worker has the pin. */
  beginPin(capability: string, caller: string): number
  endPin(ticket: number, wrote: boolean): void
}
