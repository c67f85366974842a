import { Gauge, type Registry } from 'prom-client'
import type { SwitchParts } from '../cutover/switch-parts.ts'
import type { Plan } from '../plan/plan.ts'

/** Lag, progress and health of each capability's sync. */
export function registerEngineMetrics(
  registry: Registry,
  parts: Pick<SwitchParts, 'syncs'>,
  plans: ReadonlyMap<string, Plan>,
): void {
  const figures = {
    strangler_sync_lag_ms: ['age of the newest change known to be applied', 'lagMs'],
    strangler_sync_positions_behind: ['source transactions not yet applied', 'positionsBehind'],
    strangler_sync_applied: ['changes applied since the engine started the sync', 'applied'],
    strangler_sync_parked: ['changes that could not be applied', 'parked'],
  } as const
  for (const [name, [help, key]] of Object.entries(figures))
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: ['capability', 'direction'],
        registers: [],
        collect() {
          this.reset()
          for (const capability of plans.keys()) {
            const status = parts.syncs.current(capability)?.sync.status()
            if (status?.running === true) this.set({ capability, direction: status.direction }, status[key])
          }
        },
      }),
    )
  registry.registerMetric(
    new Gauge({
      name: 'strangler_sync_running',
      help: '1 while the sync of a capability runs',
      labelNames: ['capability'],
      registers: [],
      collect() {
        for (const capability of plans.keys())
          this.set({ capability }, parts.syncs.current(capability)?.sync.status().running === true ? 1 : 0)
      },
    }),
  )
}
