import { preflight } from '../cutover/preflight.ts'
import { refuse } from '../cutover/refusal.ts'
import { switchOwner } from '../cutover/switch-owner.ts'
import { cutoverDirection, rollbackDirection } from '../cutover/switcher.ts'
import type { Step } from './step.ts'

/** Moves the write owner to the extracted side. */
export const cutoverStep: Step = {
  name: 'cutover',
  kind: 'cutover',
  description: 'Move the write owner to the extracted side, without losing a write.',
  reaches: 'extracted',
  // A cutover takes itself back before its point of no return, and goes only forward after it.
  resumable: true,
  done: async ({ parts, plan }) => {
    const { owner, phase } = await parts.journal.state(plan.capability)
    return owner === 'extracted' && phase !== 'switched'
  },
  validate: ({ parts, plan, signal }) => preflight(parts, plan, cutoverDirection, 'cutover', signal),
  apply: ({ parts, plan, order }) => switchOwner(parts, plan, cutoverDirection, order),
  verify: async ({ parts, plan }) => {
    const { owner } = await parts.journal.state(plan.capability)
    return owner === 'extracted' ? [] : refuse('OWNER_NOT_MOVED', `legacy still owns ${plan.capability}`)
  },
  revert: async ({ parts, plan, order }) => {
    await switchOwner(parts, plan, rollbackDirection, order)
  },
}
