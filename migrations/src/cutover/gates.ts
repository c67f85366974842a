import type { SyncStatus } from '../cdc/sync.ts'
import type { LongTransaction } from '../cdc/write-barrier.ts'
import type { CapabilityState, Side } from '../journal/capability-state.ts'
import type { DrillEvidence, Verification } from '../journal/evidence.ts'
import { judgeComparison } from '../operator/proxies.ts'
import type { ComparisonSummary } from '../operator/proxy-admin.ts'
import type { Gates } from '../plan/plan.ts'
import { type Refusal, refuse } from './refusal.ts'

/** Only a capability that is copied, in sync and at rest can have its owner moved. */
export function phaseGate(state: CapabilityState): Refusal[] {
  const { capability, phase } = state
  if (phase === 'syncing') return []
  const hint = `strangler run ${capability}`
  if (phase === 'planned' || phase === 'copying')
    return refuse(
      'COPY_INCOMPLETE',
      `the copy of ${capability} is not complete (phase ${phase})`,
      { phase },
      hint,
    )
  if (phase === 'retired')
    return refuse(
      'RETIRED',
      `${capability} is retired: its legacy tables have stood still since`,
      { phase },
      'there is no way back',
    )
  if (phase === 'irreversible')
    return refuse(
      'NOT_REVERSIBLE',
      `${capability} is switched, not reversible: no sync leads back yet`,
      { phase },
      hint,
    )
  return refuse(
    'SWITCH_UNFINISHED',
    `a run of ${capability} was interrupted (phase ${phase})`,
    { phase },
    hint,
  )
}

export function syncGate(
  status: SyncStatus | undefined,
  capability: string,
  gates: Pick<Gates, 'maxLagMs'>,
): Refusal[] {
  if (status === undefined || !status.running)
    return refuse(
      'SYNC_STOPPED',
      `the sync of ${capability} does not run${status?.error == null ? '' : `: ${status.error.message}`}`,
      { error: status?.error ?? null },
      `strangler run ${capability}`,
    )
  const { lagMs, positionsBehind, parked, error } = status
  if (parked > 0)
    return refuse(
      'CHANGES_PARKED',
      `${parked} changes of ${capability} could not be applied`,
      { parked, error },
      'correct the row or the mapping; the table parked_change has them',
    )
  return lagMs > gates.maxLagMs
    ? refuse('LAG_TOO_HIGH', `lag ${lagMs} ms > ${gates.maxLagMs} ms`, {
        lagMs,
        maxLagMs: gates.maxLagMs,
        positionsBehind,
      })
    : []
}

export function verificationGate(
  last: Verification | undefined,
  capability: string,
  gates: Pick<Gates, 'verifyMaxAgeMs'>,
): Refusal[] {
  const hint = `strangler verify ${capability}`
  if (last === undefined) return refuse('VERIFY_MISSING', `${capability} has never been verified`, {}, hint)
  const { ageMs, rows, diverged } = last
  if (!last.ok)
    return refuse(
      'VERIFY_DIVERGED',
      `the last verification found ${diverged} of ${rows} rows different`,
      { rows, diverged },
      hint,
    )
  return ageMs > gates.verifyMaxAgeMs
    ? refuse(
        'VERIFY_STALE',
        `the last verification is ${hours(ageMs)} old > ${hours(gates.verifyMaxAgeMs)}`,
        { ageMs, maxAgeMs: gates.verifyMaxAgeMs },
        hint,
      )
    : []
}

export function comparisonGate(
  figures: ComparisonSummary,
  capability: string,
  gates: Pick<Gates, 'minSamples' | 'maxDivergence'>,
): Refusal[] {
  const { samples, diverged, errors, noise, noiseSamples, divergence, why } = figures
  const details = { samples, diverged, errors, noise, noiseSamples, divergence, ...gatesOf(gates) }
  switch (judgeComparison(figures, gates)) {
    case 'pass':
      return []
    case 'insufficient':
      return refuse(
        'COMPARISON_INSUFFICIENT',
        samples < gates.minSamples
          ? `${samples} reads of ${capability} were compared, ${gates.minSamples} are needed`
          : `${samples} reads of ${capability} were compared: ${why}`,
        details,
        `let reads flow in stage shadow or canary; strangler compare shows the figures`,
      )
    case 'fail':
      return refuse(
        'COMPARISON_FAILED',
        `${diverged} of ${samples} compared reads of ${capability} diverged: ${why}`,
        details,
        'strangler compare shows what differs',
      )
  }
}

export function drillGate(
  last: DrillEvidence | undefined,
  capability: string,
  gates: Pick<Gates, 'drillMaxAgeMs'>,
): Refusal[] {
  const hint = `strangler drill ${capability}`
  if (last === undefined) return refuse('DRILL_MISSING', `${capability} has never been drilled`, {}, hint)
  if (!last.ok) return refuse('DRILL_FAILED', `the last drill of ${capability} failed`, { at: last.at }, hint)
  return last.ageMs > gates.drillMaxAgeMs
    ? refuse(
        'DRILL_STALE',
        `the last drill is ${hours(last.ageMs)} old > ${hours(gates.drillMaxAgeMs)}`,
        { ageMs: last.ageMs, maxAgeMs: gates.drillMaxAgeMs },
        hint,
      )
    : []
}

export function transactionGate(
  side: Side,
  found: readonly LongTransaction[],
  gates: Pick<Gates, 'maxTransactionMs'>,
): Refusal[] {
  if (found.length === 0) return []
  const oldest = found.reduce((a, b) => (a.ageMs > b.ageMs ? a : b))
  return refuse(
    'LONG_TRANSACTION',
    `a transaction of ${oldest.user} on the ${side} side is open for ${oldest.ageMs} ms > ${gates.maxTransactionMs} ms`,
    { side, transactions: found, maxTransactionMs: gates.maxTransactionMs },
    `let it end, or end connection ${oldest.connectionId}`,
  )
}

function gatesOf({ minSamples, maxDivergence }: Pick<Gates, 'minSamples' | 'maxDivergence'>) {
  return { minSamples, maxDivergence }
}

function hours(ms: number): string {
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}
