import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { prove } from '@strangler/migrations/drill/ledger.ts'
import { type Load, startLoad } from '@strangler/migrations/drill/load.ts'
import { loadPlans } from '@strangler/migrations/plan/load-plans.ts'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import type { Benchmark } from '../report/benchmark.ts'
import { median } from '../report/median.ts'
import { type BenchSystem, startBenchSystem } from '../system/bench-system.ts'

const capability = 'customers'
const customers = 2_000
const writesPerSecond = 500
const readsPerSecond = 60
const pollMs = 5

type VerbTime = { verb: string; ms: number }
type Pair = {
  cutoverHoldMs: number
  rollbackHoldMs: number
  cutoverMs: number
  backMs: number
  verbs: readonly VerbTime[]
}

/** Cutover and rollback in turn, `--rounds` pairs of them, while writes flow over REST and SOAP. */
export const benchmark: Benchmark = async ({ rounds, say }) => {
  const plans = await loadPlans(join(import.meta.dirname, '../../../migrations/plans'))
  const drill = plans.get(capability)!.drill!
  say('starting the system')
  const system = await startBenchSystem(customers)
  try {
    const subjects = Array.from({ length: 400 }, (_, index) => String(1_001 + index))
    const load = (ratePerSecond: number, prefix: string) =>
      startLoad(system.entryUrl, drill, subjects, { ratePerSecond, seed: 7, prefix })
    const easy = load(readsPerSecond, 'easy')
    say('copy, sync, verify, compare')
    await Promise.all([system.done('run', { to: 'canary' }), askReads(system, subjects, 300)])
    await system.done('drill', { rate: 20, seconds: 2 })
    await easy.stop()
    const prefix = `bench-${Date.now().toString(36)}`
    const heavy = load(writesPerSecond, prefix)
    const pairs: Pair[] = []
    const began = performance.now()
    try {
      await delay(2_000)
      for (let nth = 1; nth <= rounds; nth++) {
        const pair = await onePair(system, heavy)
        pairs.push(pair)
        say(
          `pair ${nth}: hold p99 ${pair.cutoverHoldMs} and ${pair.rollbackHoldMs} ms, back after ${Math.round(pair.backMs)} ms`,
        )
      }
    } finally {
      await heavy.stop()
    }
    const seconds = (performance.now() - began) / 1_000
    const { total, failed, failures } = heavy.requests()
    const proof = await proofOf(system, heavy, prefix, drill.count)
    const holds = pairs.flatMap(({ cutoverHoldMs, rollbackHoldMs }) => [cutoverHoldMs, rollbackHoldMs])
    const backs = pairs.map(({ backMs }) => backMs)
    const most = (values: readonly number[]) => Math.max(...values)
    return {
      figures: [],
      bars: [
        { name: 'hold p99, median of the switches', value: median(holds), op: '<=', bar: 250, unit: ' ms' },
        { name: 'hold p99, the worst switch', value: most(holds), op: '<=', bar: 250, unit: ' ms' },
        {
          name: 'rollback asked for → first write served by legacy, median',
          value: median(backs),
          op: '<=',
          bar: 1_000,
          unit: ' ms',
        },
        { name: 'the same, the worst', value: most(backs), op: '<=', bar: 1_000, unit: ' ms' },
        { name: 'failed requests', value: failed, op: '<=', bar: 0, unit: '' },
        { name: 'lost acknowledged writes', value: proof.lost, op: '<=', bar: 0, unit: '' },
        { name: 'duplicated writes', value: proof.duplicated, op: '<=', bar: 0, unit: '' },
        { name: 'stale reads', value: heavy.reads().stale.length, op: '<=', bar: 0, unit: '' },
      ],
      notes: [
        `${rounds} pairs of cutover and rollback, ${writesPerSecond} writes/s asked for and ${Math.round(proof.acknowledged / seconds)} /s acknowledged, half over REST, half over SOAP; ${total} requests in ${Math.round(seconds)} s`,
        `cutover as the operator sees it, with its gates: ${Math.round(median(pairs.map(({ cutoverMs }) => cutoverMs)))} ms`,
        `medians within a switch: ${verbTimes(pairs)}`,
        ...failures.map(failure => `failed: ${failure}`),
      ],
    }
  } finally {
    await system.close()
  }
}

async function onePair(system: BenchSystem, load: Load): Promise<Pair> {
  const began = performance.now()
  const cutover = await system.done('cutover')
  const cutoverMs = performance.now() - began
  await delay(500)
  const asked = performance.now()
  const served = firstServedByLegacy(load, asked)
  const rollback = await system.done('rollback')
  const backMs = await served
  await delay(500)
  const p99 = (result: Record<string, unknown>) => Number((result.hold as { p99Ms?: number }).p99Ms)
  const verbs = [cutover, rollback].flatMap(({ steps }) => steps as VerbTime[])
  return { cutoverHoldMs: p99(cutover), rollbackHoldMs: p99(rollback), cutoverMs, backMs, verbs }
}

/** `arm 300 ms, hold 4 ms, …`: what the time goes to, in the order of the verbs. */
function verbTimes(pairs: readonly Pair[]): string {
  const all = Map.groupBy(
    pairs.flatMap(({ verbs }) => verbs),
    ({ verb }) => verb,
  )
  return [...all]
    .map(([verb, times]) => `${verb} ${Math.round(median(times.map(({ ms }) => ms)))} ms`)
    .join(', ')
}

async function firstServedByLegacy(load: Load, asked: number): Promise<number> {
  const before = load.figures().legacy
  while (load.figures().legacy === before) await delay(pollMs)
  return performance.now() - asked
}

/** Reads of any caller, so that the comparison has samples. */
async function askReads(system: BenchSystem, subjects: readonly string[], count: number): Promise<void> {
  for (let nth = 0; nth < count * 4; nth++) {
    await fetch(`${system.entryUrl}/customers/${subjects[nth % subjects.length]}`).then(
      reply => reply.arrayBuffer(),
      () => undefined,
    )
    await delay(15)
  }
}

async function proofOf(
  system: BenchSystem,
  load: Load,
  prefix: string,
  count: Readonly<Record<'legacy' | 'extracted', string>>,
) {
  const connection = await createConnection({ uri: system.databaseUrl })
  const tokens = async (schema: string, sql: string) => {
    await connection.query(`USE \`${schema}\``)
    const [rows] = await connection.query<RowDataPacket[]>(sql, [`${prefix}-%`])
    return new Map(rows.map(row => [String(row.token), Number(row.times)]))
  }
  try {
    for (let tries = 0; ; tries++) {
      const legacy = await tokens('legacy_shop', count.legacy)
      const extracted = await tokens('customers', count.extracted)
      const proof = prove(load.ledger.outcomes(), { legacy, extracted })
      // The last writes are still on their way to the other side.
      if (proof.apart.length === 0 || tries === 50)
        return { ...proof, lost: proof.lost.length, duplicated: proof.duplicated.length }
      await delay(200)
    }
  } finally {
    await connection.end()
  }
}
