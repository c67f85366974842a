import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { CapabilityState, CapabilityStates } from '../capability-state.ts'
import { ComparisonLedger } from '../comparison/comparison-ledger.ts'
import type { Registration } from '../discovery/service-registry.ts'
import type { Upstreams } from '../forwarding/upstreams.ts'
import type { Recorder } from '../recording/recorder.ts'
import type { Generation } from '../routing/generation.ts'
import type { CapabilityReport, Workers } from './workers.ts'

/** One process as all the workers there are. */
export function soleWorker(parts: {
  id: number
  pid: number
  use(next: Generation): void
  learn(instances: readonly Registration[]): void
  states: CapabilityStates
  upstreams: Pick<Upstreams, 'breakers' | 'describe'>
  recorder: Recorder
}): Workers {
  const { states, upstreams, recorder } = parts
  return {
    async use(next) {
      parts.use(next)
    },
    async learn(instances) {
      parts.learn(instances)
    },
    async report() {
      return {
        workers: [{ id: parts.id, pid: parts.pid }],
        capabilities: Object.fromEntries([...states.all()].map(state => [state.name, describe(state)])),
        upstreams: upstreams.describe(),
        breakers: upstreams.breakers(),
      }
    },
    async beginHold({ capability, epoch, limits, id }) {
      return states.of(capability).desk.begin(epoch, limits, id)
    },
    async drained(capability, withinMs, signal) {
      const state = states.of(capability)
      requireHold(state)
      if (withinMs > 0) await state.desk.drained(withinMs, signal)
      const { parked, sinceMs } = requireHold(state)
      return { inflight: state.desk.inflight(), parked, sinceMs }
    },
    async renewHold(capability, epoch, leaseMs) {
      return states.of(capability).desk.renew(epoch, leaseMs)
    },
    async releaseHold(capability, epoch) {
      return states.of(capability).desk.release(epoch)
    },
    async resetComparison(capability) {
      // Copies on their way keep the ledger they began with: what they saw belongs to the time before.
      states.of(capability).ledger = new ComparisonLedger(capability)
    },
    async startRecording({ by, reason, ...order }) {
      return recorder.start(order, by, reason)
    },
    stopRecording: id => recorder.stop(id),
    async recordings() {
      return recorder.recordings()
    },
  }
}

function describe({ desk, traffic, pins, ledger }: CapabilityState): CapabilityReport {
  return {
    hold: desk.holding() ?? null,
    inflightWrites: desk.inflight(),
    traffic,
    pinned: pins.size(),
    ledger: ledger.snapshot(),
  }
}

function requireHold(state: CapabilityState) {
  const held = state.desk.holding()
  if (held === undefined) throw new ToolkitError('HOLD_NOT_FOUND', `writes of ${state.name} are not held`)
  return held
}
