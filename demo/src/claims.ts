import type { CatalogFigures } from './catalog-story.ts'
import type { Proof } from './proof.ts'
import type { Claim } from './report/demo-report.ts'
import type { StoryFigures } from './story.ts'
import type { Totals } from './traffic/traffic-stats.ts'

export type Measured = {
  story: StoryFigures
  totals: Totals
  acknowledged: number
  proof: Proof
  seconds: number
  batchReviewed: number
  /** Of the second capability, where it was moved too. */
  catalog?: CatalogFigures | undefined
}

/** What the demo promises, each with the figure of this run that keeps or breaks it. */
export function decideClaims({
  story,
  totals,
  acknowledged,
  proof,
  seconds,
  batchReviewed,
  catalog,
}: Measured): Claim[] {
  const rate = totals.requests / seconds
  const writeShare = totals.writes / Math.max(1, totals.requests)
  return [
    claim('acknowledged writes lost', proof.lost, '0', proof.lost === 0),
    claim('writes applied twice', proof.duplicated, '0', proof.duplicated === 0),
    claim('failed requests', totals.failed + totals.unknown, '0', totals.failed + totals.unknown === 0),
    claim('reads that missed an own acknowledged write', totals.staleReads, '0', totals.staleReads === 0),
    claim('requests per second', rate.toFixed(0), '≥ 150', rate >= 150),
    claim('share of writes', `${(writeShare * 100).toFixed(0)} %`, '≥ 33 %', writeShare >= 0.33),
    claim('acknowledged writes', acknowledged, '> 0', acknowledged > 0),
    claim(
      'planted defect caught by the comparison gate',
      yes(story.defectRefused),
      'yes',
      story.defectRefused,
    ),
    claim('verdict on the fixed service', story.cleanVerdict, 'pass', story.cleanVerdict === 'pass'),
    claim('drill', story.drill.ok ? 'passed' : 'failed', 'passed', story.drill.ok),
    claim(
      'batch refused by the fence after cutover',
      yes(story.batchRefusedByFence),
      'yes',
      story.batchRefusedByFence,
    ),
    claim(
      'batch works after rollback',
      yes(story.batchWorkedAfterRollback),
      'yes',
      story.batchWorkedAfterRollback,
    ),
    claim('customers reviewed by the batch meanwhile', batchReviewed, '> 0', batchReviewed > 0),
    claim(
      'rows equal on both sides at the end',
      story.verified.ok ? story.verified.rows : 'not equal',
      'all',
      story.verified.ok && story.verified.rows > 0,
    ),
    ...(catalog === undefined ? [] : catalogClaims(catalog)),
  ]
}

function catalogClaims({ verdict, drillOk, verified }: CatalogFigures): Claim[] {
  return [
    claim('verdict on the catalog', verdict, 'pass', verdict === 'pass'),
    claim('drill of the catalog', drillOk ? 'passed' : 'failed', 'passed', drillOk),
    claim(
      'products and stock equal on both sides',
      verified.ok ? verified.rows : 'not equal',
      'all',
      verified.ok && verified.rows > 0,
    ),
  ]
}

function claim(name: string, value: number | string, limit: string, ok: boolean): Claim {
  return { name, value: String(value), limit, ok }
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no'
}
