import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { repair } from '../cdc/repair.ts'
import { type VerifyResult, verify } from '../cdc/verify.ts'
import { opposite } from '../journal/capability-state.ts'
import { type SupervisedSync, syncDirection } from '../operator/supervise-sync.ts'
import type { Plan } from '../plan/plan.ts'
import type { SwitchParts } from './switch-parts.ts'

/**
 * Compares every row of both sides while writes flow, and keeps the result as evidence.
 * @throws what `verify` throws
 */
export async function verifyAll(
  parts: SwitchParts,
  plan: Plan,
  current: SupervisedSync,
  signal: AbortSignal,
  onProgress: (progress: { table: string; rows: number; total: number }) => void,
): Promise<VerifyResult> {
  return kept(parts, plan, current, () =>
    verify({
      ...sidesAndTables(parts, plan, current),
      sync: current.sync,
      clock: parts.clock,
      signal,
      onProgress,
    }),
  )
}

/**
 * The same, and what differs is written anew from the side that owns it; the evidence is of what stands then.
 * @throws what `repair` throws
 */
export async function repairAll(
  parts: SwitchParts,
  plan: Plan,
  current: SupervisedSync,
  signal: AbortSignal,
  onProgress: (progress: { table: string; rows: number; total: number }) => void,
): Promise<VerifyResult & { repaired: number }> {
  let repaired = 0
  const result = await kept(parts, plan, current, async () => {
    const done = await repair({
      ...sidesAndTables(parts, plan, current),
      capability: plan.capability,
      sync: current.sync,
      clock: parts.clock,
      signal,
      onProgress,
    })
    repaired = done.repaired
    return done.after ?? done.before
  })
  return { ...result, repaired }
}

/** A look at all rows becomes evidence, and from here on only changes are unverified. */
async function kept(
  parts: SwitchParts,
  plan: Plan,
  current: SupervisedSync,
  look: () => Promise<VerifyResult>,
): Promise<VerifyResult> {
  current.unverified.restart()
  try {
    const result = await look()
    if (!result.ok) current.unverified.forget()
    await parts.evidence.addVerification(plan.capability, {
      ok: result.ok,
      rows: rowsOf(result),
      diverged: divergedRows(result),
      details: result,
    })
    return result
  } catch (error) {
    current.unverified.forget()
    throw error
  }
}

/**
 * Compares the rows that changed since both sides were last found equal, or all of them where that is not known.
 * @param writesFlow false once the sync has stopped and nobody writes
 * @throws ToolkitError VERIFY_DIVERGED
 */
export async function verifyUnverified(
  parts: SwitchParts,
  plan: Plan,
  current: SupervisedSync,
  writesFlow: boolean,
  signal: AbortSignal,
): Promise<{ rows: number; complete: boolean; ms: number }> {
  const changed = current.unverified.take()
  if (!changed.complete && writesFlow) {
    const result = await verifyAll(parts, plan, current, signal, () => {})
    if (!result.ok) throw divergence(plan, result)
    return { rows: rowsOf(result), complete: false, ms: Math.round(result.ms) }
  }
  try {
    const result = await verify({
      ...sidesAndTables(parts, plan, current),
      sync: writesFlow ? current.sync : null,
      ...(changed.complete ? { only: changed } : {}),
      clock: parts.clock,
      signal,
    })
    if (!result.ok) throw divergence(plan, result)
    return { rows: rowsOf(result), complete: changed.complete, ms: Math.round(result.ms) }
  } catch (error) {
    current.unverified.giveBack(changed)
    throw error
  }
}

export function rowsOf(result: VerifyResult): number {
  return result.tables.reduce((sum, { rows }) => sum + rows, 0)
}

export function divergedRows(result: VerifyResult): number {
  return result.tables.reduce((sum, { missing, extra, different }) => sum + missing + extra + different, 0)
}

function sidesAndTables(parts: SwitchParts, plan: Plan, { source }: SupervisedSync) {
  const sides = parts.sidesOf(plan)
  return {
    direction: syncDirection(source),
    tables: plan.tables,
    source: sides[source],
    target: sides[opposite(source)],
  }
}

function divergence(plan: Plan, result: VerifyResult): ToolkitError {
  const count = divergedRows(result)
  return new ToolkitError('VERIFY_DIVERGED', `${count} rows of ${plan.capability} differ between the sides`, {
    details: { tables: result.tables, samples: result.samples },
    hint: `find out who writes on the other side, then: strangler verify ${plan.capability}`,
  })
}
