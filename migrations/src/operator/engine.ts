import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection } from 'mysql2/promise'
import type { FailPoint } from '../cutover/fail-points.ts'
import { noFailPoint } from '../cutover/fail-points.ts'
import { reconcileRoutes, recover } from '../cutover/recover.ts'
import type { Order, Progress, SwitchParts } from '../cutover/switch-parts.ts'
import type { Audit } from '../journal/audit.ts'
import { type CapabilityState, isInterrupted } from '../journal/capability-state.ts'
import { type Lease, takeLease } from '../journal/lease.ts'
import type { Plan } from '../plan/plan.ts'
import { clearObservers } from '../writers/find-writers.ts'
import { createAlarmWatch } from './alarm-watch.ts'
import { createCanaryWatch } from './canary-watch.ts'
import { carryOut, failed, type VerbOutcome } from './operator-verbs.ts'
import { readVerb, type VerbRequest } from './verb-requests.ts'

export type EngineParts = {
  parts: SwitchParts
  plans: ReadonlyMap<string, Plan>
  audit: Audit
  /** A connection of its own to the control schema, for a lease. */
  connectControl(): Promise<Connection>
  failPointFor(name: string | undefined): FailPoint
}

/** The engine: one verb per capability at a time, and a watch that finishes what was interrupted. */
export type Engine = {
  /** Never throws: what goes wrong is the outcome. */
  perform(plan: Plan, request: VerbRequest, onProgress: (progress: Progress) => void): Promise<VerbOutcome>
  /** Starts the syncs and recovers what a killed engine left; then watches. */
  start(): Promise<void>
  /** Ends the verbs under way: what can be continued later breaks off, a cutover is taken back or finished. */
  close(): Promise<void>
}

const watchMs = 2_000
const lookWithinMs = 5_000
/** The watch itself holds the lease for moments only: an operator waits it out. */
const watcher = 'the engine'
const watcherPatienceMs = 15_000

export function createEngine({ parts, plans, audit, connectControl, failPointFor }: EngineParts): Engine {
  const stopping = new AbortController()
  const under = new Set<Promise<unknown>>()
  let watch: NodeJS.Timeout | undefined
  let watching: Promise<void> = Promise.resolve()
  const canaries = createCanaryWatch(parts)
  const alarms = createAlarmWatch(parts)
  const syncTriedAt = new Map<string, number>()
  const rolledBackAt = new Map<string, number>()

  async function withLease<T>(
    plan: Plan,
    holder: string,
    patienceMs: number,
    work: (lease: Lease) => Promise<T>,
  ): Promise<T> {
    const began = parts.clock.elapsed()
    for (;;) {
      try {
        const lease = await takeLease(connectControl, plan.capability, holder)
        try {
          return await work(lease)
        } finally {
          await lease.release()
        }
      } catch (error) {
        const byWatch = isToolkitError(error, 'LEASE_HELD') && error.details.holder === watcher
        if (!byWatch || parts.clock.elapsed() - began > patienceMs) throw error
        await parts.clock.sleep(100)
      }
    }
  }

  async function perform(
    plan: Plan,
    request: VerbRequest,
    onProgress: (progress: Progress) => void,
  ): Promise<VerbOutcome> {
    const { verb, body } = request
    const deed = { operator: body.by, verb, capability: plan.capability, reason: body.reason }
    try {
      const failPoint = failPointFor(
        body.fault !== undefined && 'killEngineAt' in body.fault ? body.fault.killEngineAt : undefined,
      )
      return await withLease(plan, `${body.by} (${verb})`, watcherPatienceMs, async lease => {
        const { by, reason, ...asked } = body
        // No deed without its entry: when this throws, nothing is done.
        await audit.append({ ...deed, details: { asked } })
        const signal = AbortSignal.any([lease.lost, stopping.signal])
        const order: Order = { by, reason, lease, signal, failPoint, onProgress }
        const outcome = await carryOut(parts, plan, request, order).catch(error => {
          parts.log.warn({ capability: plan.capability, verb, error: messageOf(error) }, 'a verb failed')
          return failed(error)
        })
        await audit.append({ ...deed, details: { exit: outcome.exit, ...summary(outcome) } })
        return outcome
      })
    } catch (error) {
      return failed(error)
    }
  }

  function orderOfWatch(lease: Lease): Order {
    return {
      by: watcher,
      reason: 'recovery',
      lease,
      signal: lease.lost,
      failPoint: noFailPoint,
      onProgress: ({ step, message }) => parts.log.info({ capability: lease.capability, step }, message),
    }
  }

  /** One look at a capability; takes the lease only when there is something to do. */
  async function look(plan: Plan, first: boolean): Promise<void> {
    if (plan.data === 'none') {
      if (!first) await watchCanary(plan)
      return
    }
    if (first) await dropObservers(plan)
    const state = await parts.journal.state(plan.capability)
    const { owner, phase } = state
    if (isInterrupted(state) || phase === 'irreversible' || isSyncDue(state)) await recoverAndSync(plan)
    if (first || isInterrupted(state)) await reconcileRoutes(parts, plan, watcher)
    if (first || phase !== 'syncing') return
    if (owner === 'legacy') await watchCanary(plan)
    else await watchAlarm(plan)
  }

  function isSyncDue({ capability, owner, phase }: CapabilityState): boolean {
    const current = parts.syncs.current(capability)
    const runs = current?.source === owner && current.sync.status().running
    return (phase === 'syncing' || phase === 'irreversible') && !runs && mayTrySync(capability)
  }

  async function recoverAndSync(plan: Plan): Promise<void> {
    const { capability } = plan
    await withLease(plan, watcher, 0, async lease => {
      const outcome = await recover(parts, plan, orderOfWatch(lease))
      if (outcome !== 'nothing')
        await audit.append({
          operator: watcher,
          verb: 'recover',
          capability,
          reason: 'an interrupted run was found in the journal',
          details: { outcome },
        })
      await parts.syncs.ensure(plan, await parts.journal.state(capability))
    }).catch(error => {
      if (!isToolkitError(error, 'LEASE_HELD')) throw error
    })
  }

  /** An engine that died while it looked who writes left its triggers behind. */
  async function dropObservers(plan: Plan): Promise<void> {
    await withLease(plan, watcher, 0, () => clearObservers(parts, plan)).catch(error => {
      parts.log.warn(
        { capability: plan.capability, error: messageOf(error) },
        'observers were not looked for',
      )
    })
  }

  /** A breach takes the canary back by itself, and the audit says why. */
  async function watchCanary(plan: Plan): Promise<void> {
    const signal = AbortSignal.timeout(lookWithinMs)
    if ((await canaries.breach(plan, signal)).length === 0) return
    await withLease(plan, watcher, 0, async lease => {
      // Whoever held the lease until now may have changed what is served.
      const refusals = await canaries.breach(plan, signal)
      if (refusals.length === 0) return
      const { capability } = plan
      const reason = refusals.map(({ message }) => message).join('; ')
      const details = { refusals: refusals.map(({ code }) => code) }
      const deed = { operator: watcher, verb: 'step-back', capability, reason, details }
      await audit.append(deed)
      await canaries.stepBack(plan, watcher, reason, AbortSignal.any([lease.lost, signal]))
      parts.log.error({ capability, refusals }, 'the canary was taken back')
    }).catch(error => {
      if (!isToolkitError(error, 'LEASE_HELD')) throw error
    })
  }

  /** What the operator named when cutting over takes the cutover back, and the audit says why. */
  async function watchAlarm(plan: Plan): Promise<void> {
    const { capability } = plan
    const conditions = await parts.alarms.of(capability)
    if (conditions.length === 0) return alarms.forget(capability)
    const found = await alarms.breach(plan, conditions, AbortSignal.timeout(lookWithinMs))
    if (found.length === 0 || !mayRollBack(capability)) return
    const reason = found.map(({ message }) => message).join('; ')
    parts.log.error({ capability, conditions, found }, 'the alarm of the cutover was raised')
    const request = readVerb('rollback', { by: watcher, reason: reason.slice(0, 500) })
    const { exit, result } = await perform(plan, request, ({ step, message }) =>
      parts.log.info({ capability, step }, message),
    )
    if (exit !== 0) parts.log.error({ capability, exit, result }, 'the cutover could not be taken back')
    else alarms.forget(capability)
  }

  /** A sync that ends at once, again and again, is tried every half minute. */
  function mayTrySync(capability: string): boolean {
    return notLately(syncTriedAt, capability)
  }

  /** One that was refused is not asked for again at every look. */
  function mayRollBack(capability: string): boolean {
    return notLately(rolledBackAt, capability)
  }

  function notLately(times: Map<string, number>, capability: string): boolean {
    const now = parts.clock.elapsed()
    if (now - (times.get(capability) ?? Number.NEGATIVE_INFINITY) < 30_000) return false
    times.set(capability, now)
    return true
  }

  async function lookAtAll(first: boolean): Promise<void> {
    await Promise.all(
      [...plans.values()].map(plan =>
        look(plan, first).catch(error =>
          parts.log.error(
            { capability: plan.capability, error: messageOf(error) },
            'the engine is not at rest',
          ),
        ),
      ),
    )
  }

  return {
    perform: (plan, request, onProgress) => {
      const done = perform(plan, request, onProgress)
      under.add(done)
      void done.finally(() => under.delete(done))
      return done
    },
    start: async () => {
      await lookAtAll(true)
      const again = () => {
        watch = setTimeout(() => {
          watching = lookAtAll(false).finally(() => {
            if (!stopping.signal.aborted) again()
          })
        }, watchMs)
      }
      again()
    },
    close: async () => {
      const hint = 'start the engine again, then repeat the command: it goes on where it stopped'
      stopping.abort(new ToolkitError('ENGINE_STOPPING', 'the engine was asked to stop', { hint }))
      clearTimeout(watch)
      await Promise.all([...under, watching])
      await parts.syncs.close()
    },
  }
}

/** What the audit keeps of an outcome: never the whole document. */
function summary({ result }: VerbOutcome): Record<string, unknown> {
  const { code, refusals, forced, dryRun, repaired, owner, stage, epoch, ok } = result as Record<
    string,
    unknown
  > & {
    refusals?: { code: string }[]
    forced?: { code: string }[]
  }
  return {
    code,
    // What a dry run ends with has not happened.
    dryRun,
    repaired,
    refusals: refusals?.map(refusal => refusal.code),
    forced: forced?.map(refusal => refusal.code),
    owner,
    stage,
    epoch,
    ok,
  }
}
