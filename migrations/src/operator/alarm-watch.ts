import { type Refusal, refuse } from '../cutover/refusal.ts'
import type { SwitchParts } from '../cutover/switch-parts.ts'
import type { Plan } from '../plan/plan.ts'
import { type AlarmCondition, readAlarm } from './alarm-condition.ts'

/** Looks back so far; with fewer requests in that time an error rate says nothing. */
const windowMs = 10_000
const leastRequests = 20
/** One look may fall on a moment. */
const lagLooks = 3

type Look = { at: number; requests: number; failed: number }

export type AlarmWatch = {
  /** What speaks for taking the cutover back, by the conditions that the operator named; empty when nothing does. */
  breach(plan: Plan, conditions: readonly string[], signal: AbortSignal): Promise<Refusal[]>
  forget(capability: string): void
}

/** Keeps an operator's conditions evaluated while the extracted side owns the writes. */
export function createAlarmWatch(parts: Pick<SwitchParts, 'proxies' | 'syncs' | 'clock'>): AlarmWatch {
  const looks = new Map<string, Look[]>()
  const lagging = new Map<string, number>()

  async function served(capability: string, signal: AbortSignal): Promise<Look> {
    const look: Look = { at: parts.clock.elapsed(), requests: 0, failed: 0 }
    for (const { capabilities } of await Promise.all(parts.proxies.map(proxy => proxy.status(signal)))) {
      const {
        read = 0,
        write = 0,
        failed = 0,
      } = capabilities.find(({ name }) => name === capability)?.traffic?.extracted ?? {}
      look.requests += read + write
      look.failed += failed
    }
    return look
  }

  /** A proxy that started again counts from 0: then the window begins anew. */
  function remember(capability: string, look: Look): Look[] {
    const known = looks.get(capability) ?? []
    const grows = look.requests >= (known.at(-1)?.requests ?? 0)
    const kept = grows ? known.filter(({ at }) => look.at - at <= windowMs) : []
    const now = [...kept, look]
    looks.set(capability, now)
    return now
  }

  function errors(capability: string, above: number, window: readonly Look[]): Refusal[] {
    const [first, last] = [window[0]!, window.at(-1)!]
    const requests = last.requests - first.requests
    const failed = last.failed - first.failed
    if (requests < leastRequests || failed / requests <= above) return []
    const seconds = Math.round((last.at - first.at) / 1_000)
    return refuse(
      'ERROR_RATE_TOO_HIGH',
      `${failed} of ${requests} requests of ${capability} failed within ${seconds} s: ${percent(failed / requests)} > ${percent(above)}`,
      { requests, failed, above },
    )
  }

  function lag(capability: string, above: number): Refusal[] {
    const status = parts.syncs.current(capability)?.sync.status()
    const lagMs = status?.running === true ? status.lagMs : Number.POSITIVE_INFINITY
    const times = lagMs > above ? (lagging.get(capability) ?? 0) + 1 : 0
    lagging.set(capability, times)
    return times < lagLooks || !Number.isFinite(lagMs)
      ? []
      : refuse('LAG_TOO_HIGH', `lag ${lagMs} ms > ${above} ms`, { lagMs, maxLagMs: above })
  }

  return {
    breach: async ({ capability }, conditions, signal) => {
      const window = remember(capability, await served(capability, signal))
      return conditions
        .map(readAlarm)
        .filter(condition => condition !== undefined)
        .flatMap(({ figure, above }: AlarmCondition) =>
          figure === 'lag' ? lag(capability, above) : errors(capability, above, window),
        )
    },
    forget: capability => {
      looks.delete(capability)
      lagging.delete(capability)
    },
  }
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`
}
