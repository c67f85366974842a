import { backfill, clearBackfill } from '../cdc/backfill.ts'
import { lowerFence, raiseFence } from '../cdc/fence.ts'
import { fencedTables, fenceScopes } from '../cdc/fence-scope.ts'
import { preflightDatabases } from '../cdc/preflight-database.ts'
import { routedAs } from '../operator/proxies.ts'
import type { Step, StepContext } from './step.ts'

const lockWaitMs = 5_000

/** Copies every row to the extracted side, which is fenced from here on: only the applier writes there. */
export const backfillStep: Step = {
  name: 'backfill',
  kind: 'backfill',
  description: 'Fence the extracted side and copy every row to it, while legacy is being written.',
  reaches: undefined,
  resumable: true,
  done: async ({ parts, plan }) => {
    const { phase } = await parts.journal.state(plan.capability)
    return phase !== 'planned' && phase !== 'copying'
  },
  validate: async ({ parts, plan, signal }) => {
    const { legacy, extracted } = parts.sidesOf(plan)
    await routedAs(parts.proxies, plan.capability, signal)
    return preflightDatabases({
      tables: plan.tables,
      legacy,
      extracted,
      soakSeconds: plan.gates.soakSeconds,
    })
  },
  apply: async context => {
    const { parts, plan, order } = context
    const { capability } = plan
    await parts.journal.movePhase(order.lease, ['planned'], 'copying')
    const { epoch } = await parts.journal.state(capability)
    const tables = fencedTables(plan.tables, 'extracted')
    const scopes = fenceScopes(plan.tables, 'extracted')
    const fence = { capability, writtenOn: 'legacy' as const, epoch, tables, scopes, lockWaitMs }
    await raiseFence(parts.sidesOf(plan).extracted, fence)
    const { rows, ms, position, alreadyDone } = await copyAll(context)
    return { rows, ms: Math.round(ms), position, alreadyDone }
  },
  verify: async () => [],
  revert: async ({ parts, plan, order }) => {
    const { capability } = plan
    const { epoch } = await parts.journal.state(capability)
    const target = parts.sidesOf(plan).extracted
    await parts.syncs.stop(capability)
    await clearBackfill({
      capability,
      direction: 'forward',
      tables: plan.tables,
      target,
      epoch,
      signal: order.signal,
    })
    const tables = fencedTables(plan.tables, 'extracted')
    const scopes = fenceScopes(plan.tables, 'extracted')
    await lowerFence(target, { capability, epoch, tables, scopes, lockWaitMs })
    await parts.journal.movePhase(order.lease, ['copying', 'syncing'], 'planned')
  },
}

/** The copy, or what an earlier one had found, with progress. */
export async function copyAll({ parts, plan, order }: StepContext) {
  const { legacy, extracted } = parts.sidesOf(plan)
  const { epoch } = await parts.journal.state(plan.capability)
  // the stream begins at the copy's position, so its source must be there before; the way back is made early, too
  await Promise.all(
    (['legacy', 'extracted'] as const).map(side => parts.sources.ready(plan, side, order.signal)),
  )
  return backfill({
    capability: plan.capability,
    direction: 'forward',
    tables: plan.tables,
    source: legacy,
    target: extracted,
    epoch,
    log: parts.log,
    clock: parts.clock,
    signal: order.signal,
    onProgress: ({ table, done, total, rowsPerSecond, etaMs }) =>
      order.onProgress({
        step: 'backfill',
        message: `${table}, ${Math.round(rowsPerSecond)} rows/s, ${Math.ceil(etaMs / 1_000)} s to go`,
        done,
        total,
      }),
  })
}
