import { randomUUID } from 'node:crypto'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { recover } from '../cutover/recover.ts'
import { orRefusal, type Refusal } from '../cutover/refusal.ts'
import type { Order, SwitchParts } from '../cutover/switch-parts.ts'
import type { Entry } from '../journal/journal.ts'
import type { Stage } from '../operator/proxy-admin.ts'
import type { Step, StepView } from '../steps/step.ts'
import type { Plan } from './plan.ts'

export type StepReport = { name: string; state: 'done' | 'was done' | 'refused'; ms: number; message: string }

export type RunReport = {
  capability: string
  recovered: string | null
  steps: StepReport[]
  /** Why the last step may not run; empty when the run reached its end. */
  refusals: Refusal[]
}

/**
 * Goes through the plan to `to`: what is done is passed by, what may not run is refused, what fails is reverted.
 * An interrupted cutover or rollback is finished or taken back first.
 * @throws what a step failed with
 */
export async function runPlan(
  parts: SwitchParts,
  plan: Plan,
  steps: readonly Step[],
  to: Stage,
  order: Order,
): Promise<RunReport> {
  const run = randomUUID()
  if ((await parts.journal.state(plan.capability)).phase === 'retired')
    return { capability: plan.capability, recovered: null, steps: [], refusals: [] }
  const recovered = await recover(parts, plan, order)
  const report: RunReport = {
    capability: plan.capability,
    recovered: recovered === 'nothing' ? null : recovered,
    steps: [],
    refusals: [],
  }
  await parts.syncs.ensure(plan, await parts.journal.state(plan.capability)).catch(error => {
    // The sync step says what to do about it.
    parts.log.warn({ capability: plan.capability, error: messageOf(error) }, 'the sync does not start')
  })
  for (const step of stepsUpTo(steps, to)) {
    const began = parts.clock.elapsed()
    const add = (state: StepReport['state'], message: string) =>
      report.steps.push({ name: step.name, state, ms: Math.round(parts.clock.elapsed() - began), message })
    if (await step.done({ parts, plan, signal: order.signal })) {
      add('was done', '')
      continue
    }
    order.onProgress({ step: step.name, message: step.description })
    const refusals = await perform(parts, plan, run, step, order)
    if (refusals.length > 0) {
      add('refused', refusals.map(({ message }) => message).join('; '))
      return { ...report, refusals }
    }
    add('done', step.description)
  }
  return report
}

/** The steps up to the first that reaches `to`; for a stage before all of them, what comes before any stage. */
export function stepsUpTo(steps: readonly Step[], to: Stage): readonly Step[] {
  const last = steps.findIndex(({ reaches }) => reaches === to)
  if (last >= 0) return steps.slice(0, last + 1)
  const first = steps.findIndex(({ reaches }) => reaches !== undefined)
  return to === 'legacy' && first >= 0 ? steps.slice(0, first) : steps
}

async function perform(
  parts: SwitchParts,
  plan: Plan,
  run: string,
  step: Step,
  order: Order,
): Promise<Refusal[]> {
  const view: StepView = { parts, plan, signal: order.signal }
  const refusals = await orRefusal(step.validate(view))
  if (refusals.length > 0) return refusals
  const context = { parts, plan, order }
  const note = async (entry: Omit<Entry, 'verb'>) => {
    const { epoch, phase } = await parts.journal.state(plan.capability)
    const { capability } = plan
    await parts.journal.record(
      order.lease,
      { id: run, capability, action: 'run', epoch, operator: order.by },
      phase,
      [{ verb: step.name, ...entry }],
    )
  }
  await note({ moment: 'before' })
  try {
    const details = await step.apply(context)
    const after = await step.verify(context)
    await note({ moment: 'after', details: { ...recordOf(details), refusals: after } })
    if (after.length > 0 && !step.resumable) await step.revert(context)
    return after
  } catch (error) {
    await note({ moment: 'failed', details: { error: messageOf(error) } }).catch(() => {})
    if (!step.resumable)
      await step.revert(context).catch(failure => {
        parts.log.error({ step: step.name, error: messageOf(failure) }, 'a step could not be reverted')
      })
    throw error
  }
}

function recordOf(details: unknown): Record<string, unknown> {
  return typeof details === 'object' && details !== null ? (details as Record<string, unknown>) : { details }
}
