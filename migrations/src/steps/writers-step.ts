import type { StepSpec } from '../plan/plan.ts'
import { findWriters } from '../writers/find-writers.ts'
import { writersGate } from '../writers/writers-gate.ts'
import type { Step } from './step.ts'

/** Looks who writes the capability's tables, unless that was done within the plan's age. */
export function writersStep(spec: StepSpec & { kind: 'writers' }): Step {
  return {
    name: 'writers',
    kind: 'writers',
    description: 'Find out who writes the tables, and go on only when the plan answers for all of them.',
    reaches: undefined,
    resumable: true,
    done: async ({ parts, plan }) => {
      const { owner } = await parts.journal.state(plan.capability)
      if (owner === 'extracted') return true
      return writersGate(await parts.evidence.lastWriters(plan.capability), plan).length === 0
    },
    validate: async () => [],
    apply: async ({ parts, plan, order }) => {
      const { accounts, past, possible } = await findWriters(parts, plan, order, spec.seconds)
      return {
        accounts: accounts.map(({ account, rows }) => ({ account, rows })),
        past: past.writes.length,
        possible,
      }
    },
    verify: async ({ parts, plan }) => writersGate(await parts.evidence.lastWriters(plan.capability), plan),
    // Looking changes nothing: the observer is gone when it ends.
    revert: async () => {},
  }
}
