import { syncGate, verificationGate } from '../cutover/gates.ts'
import { rowsOf, verifyAll } from '../cutover/verify-sides.ts'
import type { Step } from './step.ts'

/** Compares both sides row by row, unless that was done within the plan's age. */
export const verifyStep: Step = {
  name: 'verify',
  kind: 'verify',
  description: 'Compare every row of both sides while writes flow.',
  reaches: undefined,
  resumable: true,
  done: async ({ parts, plan }) => {
    const last = await parts.evidence.lastVerification(plan.capability)
    return verificationGate(last, plan.capability, plan.gates).length === 0
  },
  validate: async ({ parts, plan }) =>
    syncGate(parts.syncs.current(plan.capability)?.sync.status(), plan.capability, plan.gates),
  apply: async ({ parts, plan, order }) => {
    const current = parts.syncs.current(plan.capability)!
    const result = await verifyAll(parts, plan, current, order.signal, ({ table, rows, total }) =>
      order.onProgress({ step: 'verify', message: table, done: rows, total }),
    )
    return { ok: result.ok, rows: rowsOf(result), ms: Math.round(result.ms) }
  },
  verify: async ({ parts, plan }) =>
    verificationGate(await parts.evidence.lastVerification(plan.capability), plan.capability, plan.gates),
  // A verification changes nothing.
  revert: async () => {},
}
