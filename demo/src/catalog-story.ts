import { setTimeout as delay } from 'node:timers/promises'
import type { OperatorView } from './operator-view.ts'
import {
  createRunStep,
  type DrillJson,
  describeDrill,
  describeSwitch,
  describeVerified,
  inSeconds,
  observe,
  rowsOf,
  type SwitchJson,
} from './story-steps.ts'
import type { Cli } from './strangler-cli.ts'
import type { Teller } from './teller.ts'

export type CatalogFigures = {
  verdict: string
  drillOk: boolean
  holdP99Ms: number
  rollbackMs: number
  verified: { rows: number; ok: boolean }
}

const capability = 'catalog'

/**
 * The second capability: products move while the monolith's orders go on taking stock from the same rows, which stays
 * with them.
 */
export async function tellCatalogStory(parts: {
  teller: Teller
  cli: Cli
  view: OperatorView
}): Promise<CatalogFigures> {
  const { teller, view } = parts
  const strangler = createRunStep(teller, parts.cli)
  await strangler(
    'Stock is copied, and stays with the monolith',
    ['run', 'stock', '--to', 'shadow'],
    inSeconds,
  )
  await strangler(
    'The catalog next: copy, sync, verify, shadow',
    ['run', capability, '--to', 'shadow'],
    inSeconds,
  )
  const seen = await observe(
    teller,
    view,
    'Reads of products are compared',
    ({ comparison }) => comparison.verdict === 'pass' && comparison.samples >= 150,
  )
  await strangler('Canary of the catalog', ['run', capability, '--to', 'canary'], inSeconds)
  await delay(2_000)
  const drilled = await strangler(
    'Rehearse it under this load',
    ['drill', capability, '--rate', '20', '--seconds', '5'],
    describeDrill,
  )
  const cut = await strangler(
    'Cutover: the catalog owns products, orders keep the stock',
    ['cutover', capability, '--reason', 'drill was clean'],
    describeSwitch,
  )
  await delay(2_500)
  const back = await strangler(
    'Rollback of the catalog',
    ['rollback', capability, '--reason', 'because we can'],
    describeSwitch,
  )
  await delay(2_000)
  const again = await strangler(
    'Cutover of the catalog, to stay',
    ['cutover', capability, '--reason', 'and again'],
    describeSwitch,
  )
  await delay(2_500)
  const verified = await strangler('Products and stock, row by row', ['verify', capability], describeVerified)
  const holds = [cut, back, again].map(result => (result.json as unknown as SwitchJson).hold.p99Ms)
  return {
    verdict: seen.comparison.verdict,
    drillOk: (drilled.json as unknown as DrillJson).ok,
    holdP99Ms: Math.max(...holds),
    rollbackMs: (back.json as unknown as SwitchJson).ms,
    verified: { rows: rowsOf(verified), ok: verified.exit === 0 },
  }
}
