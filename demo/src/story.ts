import { setTimeout as delay } from 'node:timers/promises'
import type { NightlyBatch } from './nightly-batch.ts'
import type { OperatorView } from './operator-view.ts'
import {
  createRunStep,
  type DrillJson,
  describeDivergences,
  describeDrill,
  describeSwitch,
  describeVerified,
  inSeconds,
  observe,
  refusals,
  rowsOf,
  type SwitchJson,
} from './story-steps.ts'
import type { Cli } from './strangler-cli.ts'
import type { Teller } from './teller.ts'

export type StoryParts = {
  teller: Teller
  cli: Cli
  view: OperatorView
  batch: NightlyBatch
  /** Replaces the service that is off by a cent by the right one. */
  deployFixedService(): Promise<void>
}

/** What the story measured on its way; the claims are decided from it. */
export type StoryFigures = {
  defectRefused: boolean
  divergences: readonly { route: string; path: string; count: number }[]
  cleanVerdict: string
  drill: { ok: boolean; lost: number; duplicated: number; holdP99Ms: number; rollbackMs: number }
  hold: { p50Ms: number; p99Ms: number; maxMs: number }
  cutoverMs: number
  rollbackMs: number
  batchRefusedByFence: boolean
  batchWorkedAfterRollback: boolean
  verified: { rows: number; ok: boolean }
}

const capability = 'customers'

/** The whole migration of one capability, forth, back and forth again, under traffic that never stops. */
export async function tellStory({
  teller,
  cli,
  view,
  batch,
  deployFixedService,
}: StoryParts): Promise<StoryFigures> {
  const strangler = createRunStep(teller, cli)

  await teller.step(
    'The monolith alone, with its clients',
    null,
    () => delay(2_500),
    () => 'all traffic is answered by the legacy side',
  )
  await strangler(
    'Copy the data, keep it in sync, verify it, shadow the reads',
    ['run', capability, '--to', 'shadow'],
    inSeconds,
  )

  await observe(
    teller,
    view,
    'Reads are copied to the service and compared',
    status => status.comparison.diverged > 20,
  )
  const refused = await strangler(
    'Try to go on to canary',
    ['run', capability, '--to', 'canary'],
    result => (result.exit === 3 ? `refused: ${refusals(result)}` : `NOT refused (exit ${result.exit})`),
    [0, 3],
  )
  const compared = await strangler(
    'What differs?',
    ['compare'],
    result => describeDivergences(result),
    [0, 4],
  )
  const divergences = (compared.json.divergences ?? []) as StoryFigures['divergences']

  await teller.step(
    'Deploy the service without the defect',
    null,
    async () => {
      await deployFixedService()
      await view.resetComparison()
    },
    () => 'the fixed build runs; comparison starts afresh',
  )
  const clean = await observe(
    teller,
    view,
    'Compare again',
    status => status.comparison.verdict === 'pass' && status.comparison.samples >= 250,
  )
  await strangler('Canary: one caller in ten', ['run', capability, '--to', 'canary'], inSeconds)
  await delay(3_000)
  await strangler(
    'Half of the callers',
    ['stage', capability, 'canary', '--percent', '50', '--reason', 'ten percent was quiet'],
    inSeconds,
  )
  await delay(3_000)
  await strangler(
    'A good part of the batch was written meanwhile: is every row still equal?',
    ['verify', capability],
    describeVerified,
  )

  const drilled = await strangler(
    'Rehearse cutover and rollback under this very load',
    ['drill', capability, '--rate', '30', '--seconds', '6'],
    describeDrill,
  )
  const drill = drilled.json as unknown as DrillJson

  const cut = await strangler(
    'Cutover: the service owns the writes',
    ['cutover', capability, '--reason', 'drill was clean'],
    describeSwitch,
  )
  const fenced = await teller.step(
    'The nightly batch still writes to the old tables',
    null,
    batch.runOnce,
    run => (run.refused === null ? 'NOT refused' : `refused: ${run.refused}`),
  )
  await delay(3_000)
  const back = await strangler(
    'Rollback: the monolith owns the writes again',
    ['rollback', capability, '--reason', 'because we can'],
    describeSwitch,
  )
  const again = await teller.step('The nightly batch works again', null, batch.runOnce, run =>
    run.refused === null ? `${run.reviewed} customers reviewed` : `REFUSED: ${run.refused}`,
  )
  await delay(2_500)
  const second = await strangler(
    'Cutover, to stay',
    ['cutover', capability, '--reason', 'and again'],
    describeSwitch,
  )
  await delay(3_000)
  const verified = await strangler('Both sides, row by row', ['verify', capability], describeVerified)

  const holds = [cut, back, second].map(result => (result.json as unknown as SwitchJson).hold)
  return {
    defectRefused: refused.exit === 3 && divergences.some(({ path }) => path.includes('creditLimit')),
    divergences,
    cleanVerdict: clean.comparison.verdict,
    drill: {
      ok: drill.ok,
      lost: drill.writes.lost,
      duplicated: drill.writes.duplicated,
      holdP99Ms: drill.hold.p99Ms,
      rollbackMs: drill.rollbackMs,
    },
    hold: {
      p50Ms: Math.max(...holds.map(hold => hold.p50Ms)),
      p99Ms: Math.max(...holds.map(hold => hold.p99Ms)),
      maxMs: Math.max(...holds.map(hold => hold.maxMs)),
    },
    cutoverMs: (cut.json as unknown as SwitchJson).ms,
    rollbackMs: (back.json as unknown as SwitchJson).ms,
    batchRefusedByFence: fenced.refused?.includes('STRANGLER-FENCE') === true,
    batchWorkedAfterRollback: again.refused === null && again.reviewed > 0,
    verified: { rows: rowsOf(verified), ok: verified.exit === 0 },
  }
}
