import { syncGate } from '../cutover/gates.ts'
import { comparison } from '../cutover/preflight.ts'
import type { Refusal } from '../cutover/refusal.ts'
import type { SwitchParts } from '../cutover/switch-parts.ts'
import type { Plan } from '../plan/plan.ts'
import { changeRoutes, routedAs } from './proxies.ts'

/** A sync that lags or restarts is given that many looks, since one look may fall on a moment; a divergence none. */
const patience = 3

export type CanaryWatch = {
  /** What speaks against serving the canary now; empty when nothing does, or when nothing is served from it. */
  breach(plan: Plan, signal: AbortSignal): Promise<Refusal[]>
  /** Back to shadow: every read is legacy's again, and the comparison goes on. */
  stepBack(plan: Plan, by: string, reason: string, signal: AbortSignal): Promise<void>
}

/** Keeps the gates evaluated while callers are served by the extracted side. */
export function createCanaryWatch(parts: SwitchParts): CanaryWatch {
  const looks = new Map<string, number>()

  async function breach(plan: Plan, signal: AbortSignal): Promise<Refusal[]> {
    const { capability } = plan
    const { stage } = await routedAs(parts.proxies, capability, signal)
    if (stage !== 'canary') {
      looks.delete(capability)
      return []
    }
    const diverged = (await comparison(parts, plan, signal)).filter(
      ({ code }) => code === 'COMPARISON_FAILED',
    )
    if (plan.data === 'none') return diverged
    const sync = syncGate(parts.syncs.current(capability)?.sync.status(), capability, plan.gates)
    looks.set(capability, sync.length === 0 ? 0 : (looks.get(capability) ?? 0) + 1)
    const lasting = looks.get(capability)! >= patience || sync.some(({ code }) => code === 'CHANGES_PARKED')
    return [...diverged, ...(lasting ? sync : [])]
  }

  return {
    breach,
    stepBack: async ({ capability }, by, reason, signal) => {
      await changeRoutes(parts.proxies, [{ capability, stage: 'shadow' }], by, reason, signal)
      looks.delete(capability)
    },
  }
}
