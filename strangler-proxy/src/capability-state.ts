import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { ComparisonLedger } from './comparison/comparison-ledger.ts'
import type { Effect, Side } from './config/config-schema.ts'
import { createHoldDesk, type HoldDesk, holdReport } from './holding/hold-desk.ts'
import type { ProxyMetrics } from './proxy-metrics.ts'
import type { Generation } from './routing/generation.ts'
import type { Pins } from './routing/pins.ts'

export type Traffic = Record<Side, Record<Effect | 'failed', number>>

/** What a capability has going on, from generation to generation. */
export type CapabilityState = {
  name: string
  desk: HoldDesk
  pins: Pins
  traffic: Traffic
  ledger: ComparisonLedger
}

export type CapabilityStates = {
  /** The state of a capability that some generation has named. */
  of(name: string): CapabilityState
  all(): Iterable<CapabilityState>
  /** Makes room for the capabilities of a generation; pins end with the stage they belong to. */
  use(next: Generation, previous: Generation | undefined): void
  close(): void
}

export function createCapabilityStates(
  clock: Clock,
  pins: (capability: string) => Pins,
  metrics: ProxyMetrics,
  log: Log,
): CapabilityStates {
  const states = new Map<string, CapabilityState>()

  function create(name: string): CapabilityState {
    return {
      name,
      desk: createHoldDesk(name, clock, (end, leaseOver) => {
        const report = holdReport(end)
        metrics.holdEnded(name, report)
        const event = { capability: name, ...report }
        if (leaseOver) log.warn(event, 'hold ended by its lease')
        else log.info(event, 'hold released')
      }),
      pins: pins(name),
      traffic: { legacy: { read: 0, write: 0, failed: 0 }, extracted: { read: 0, write: 0, failed: 0 } },
      ledger: new ComparisonLedger(name),
    }
  }

  return {
    of(name) {
      const state = states.get(name)
      if (state === undefined) throw new Error(`capability ${name} has no state`)
      return state
    },
    all: () => states.values(),
    use(next, previous) {
      for (const [name, capability] of next.capabilities) {
        const state = states.get(name) ?? create(name)
        states.set(name, state)
        const before = previous?.capabilities.get(name)
        if (before?.stage === 'canary' && capability.stage !== 'canary') state.pins.clear()
      }
    },
    close() {
      for (const { desk, pins } of states.values()) {
        desk.close()
        pins.close()
      }
    },
  }
}
