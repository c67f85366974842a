import type { Refusal } from '../cutover/refusal.ts'
import type { Order, SwitchParts } from '../cutover/switch-parts.ts'
import type { Stage } from '../operator/proxy-admin.ts'
import type { Plan } from '../plan/plan.ts'

export type StepContext = { parts: SwitchParts; plan: Plan; order: Order }

/** What only reads: for `strangler plan`. */
export type StepView = Pick<StepContext, 'parts' | 'plan'> & { signal: AbortSignal }

/**
 * One step of a plan. Whether it is done is read from what it left behind, never from a note that it ran: so the same
 * run twice does nothing, and a run after a rollback does again what the rollback undid.
 */
export type Step = {
  name: string
  kind: string
  /** One sentence: what it does. */
  description: string
  /** The stage that the capability is in afterwards, for `run --to`. */
  reaches: Stage | undefined
  /** Whether what an interrupted `apply` left is continued by the next one, rather than reverted. */
  resumable: boolean
  done(view: StepView): Promise<boolean>
  /** Why it may not run now; nothing is changed. */
  validate(view: StepView): Promise<Refusal[]>
  /** Does it; safe to repeat. @returns what the journal keeps */
  apply(context: StepContext): Promise<unknown>
  /** Whether its effect is there, after `apply`. */
  verify(context: StepContext): Promise<Refusal[]>
  /** Takes its effect away. */
  revert(context: StepContext): Promise<void>
}
