import { join } from 'node:path'
import type { System } from '@strangler/stack/start-system.ts'
import { tellCatalogStory } from './catalog-story.ts'
import { decideClaims } from './claims.ts'
import { startNightlyBatch } from './nightly-batch.ts'
import { createOperatorView } from './operator-view.ts'
import { prove } from './proof.ts'
import type { Claim, DemoReport } from './report/demo-report.ts'
import { htmlReport } from './report/html-report.ts'
import { startSampling } from './sampling.ts'
import { tellStory } from './story.ts'
import { createCli } from './strangler-cli.ts'
import { createTeller } from './teller.ts'
import { startTraffic } from './traffic/start-traffic.ts'

export type DemoParts = {
  root: string
  stateDir: string
  system: System
  node: string
  env: NodeJS.ProcessEnv
  /** How many customers the shop was seeded with. */
  customers: number
  /** Moves the catalog after the customers. */
  all: boolean
  write(text: string): void
  terminal: boolean
}

const capability = 'customers'
const ratePerSecond = 200
const catalogTraffic = { ratePerSecond: 60, products: 500 }
const seed = 7

/** Traffic, batch and sampling on; the story; everything off; the proof from ledger and databases; the report. */
export async function runDemo(
  parts: DemoParts,
): Promise<{ report: DemoReport; html: string; table: string }> {
  const { root, stateDir, system, node, env, write, terminal } = parts
  const local = (port: number) => `http://127.0.0.1:${port}`
  const began = performance.now()
  const startedAt = new Date().toISOString()
  const nowMs = () => performance.now() - began

  const teller = createTeller(write, terminal, nowMs)
  const viewOf = (name: string) =>
    createOperatorView(local(system.ports.engine), local(system.ports.admin), system.secrets.token, name)
  const view = viewOf(capability)
  const cli = createCli(node, root, stateDir, env)
  const traffic = await startTraffic(local(system.ports.proxy), {
    ratePerSecond,
    seed,
    customers: parts.customers,
    ...(parts.all ? { catalog: catalogTraffic } : {}),
  })
  const batch = startNightlyBatch(node, root, { ...env, ...system.nightlyEnv }, nowMs)
  const sampling = startSampling(traffic.stats, view, nowMs)
  const story = await tellStory({
    teller,
    view,
    batch,
    cli,
    deployFixedService: () => system.deployCustomers(join(root, 'extracted-services/customers/src/main.ts')),
  })
  const catalog = parts.all ? await tellCatalogStory({ teller, cli, view: viewOf('catalog') }) : undefined
  await batch.stop()
  await traffic.stop()
  const seconds = nowMs() / 1_000
  const lag = await sampling.stop()
  const settledLagMs = await untilSynced(view)
  if (parts.all) await untilSynced(viewOf('catalog'))
  const proof = await prove(system.adminUrl, traffic.ledger.expectation())

  const totals = traffic.stats.totals()
  const counts = traffic.ledger.counts()
  const batchReviewed = batch.runs().reduce((sum, run) => sum + run.reviewed, 0)
  const claims = decideClaims({
    story,
    totals,
    acknowledged: counts.acknowledged,
    proof,
    seconds,
    batchReviewed,
    catalog,
  })
  const report: DemoReport = {
    ok: claims.every(claim => claim.ok),
    startedAt,
    seconds,
    figures: {
      'acknowledged writes': counts.acknowledged,
      'writes without an answer': counts.unknown,
      requests: totals.requests,
      'failed requests': totals.failed + totals.unknown,
      'hold p50 ms': round(story.hold.p50Ms),
      'hold p99 ms': round(story.hold.p99Ms),
      'hold max ms': round(story.hold.maxMs),
      'cutover ms': round(story.cutoverMs),
      'rollback ms': round(story.rollbackMs),
      'drill hold p99 ms': round(story.drill.holdP99Ms),
      'divergent paths found in the defective service': story.divergences.length,
      'lag p99 ms': round(
        percentile(
          lag.map(point => point.lagMs),
          0.99,
        ),
      ),
      'lag at the end ms': settledLagMs,
      ...(catalog === undefined
        ? {}
        : {
            'catalog: hold p99 ms': round(catalog.holdP99Ms),
            'catalog: rollback ms': round(catalog.rollbackMs),
          }),
      'batch runs refused by the fence': batch.runs().filter(run => run.refused !== null).length,
    },
    claims,
    steps: [...teller.steps()],
    slices: traffic.stats.slices(),
    lag,
    batch: batch.runs(),
    divergences: story.divergences,
    complaints: [
      ...traffic.stats.complaints(),
      ...proof.legacy.lost.slice(0, 5),
      ...proof.extracted.lost.slice(0, 5),
    ],
  }
  return { report, html: htmlReport(report), table: summary(report) }
}

/** Waits until the sync has nothing left to apply, at most 10 s; null when it never got there. */
async function untilSynced(view: ReturnType<typeof createOperatorView>): Promise<number | null> {
  for (let tries = 0; tries < 100; tries++) {
    const { lagMs } = await view.status()
    if (lagMs !== null && lagMs < 1_500 && tries > 5) return lagMs
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return null
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function summary({ claims, figures }: DemoReport): string {
  const row = ({ name, value, limit, ok }: Claim) =>
    `  ${ok ? '✓' : '✗'} ${name.padEnd(48)} ${value.padStart(10)}   must be ${limit}`
  const figure = ([name, value]: [string, number | string | null]) =>
    `    ${name.padEnd(48)} ${String(value ?? 'none').padStart(10)}`
  return [...claims.map(row), '', ...Object.entries(figures).map(figure)].join('\n')
}
