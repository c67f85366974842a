import type { Figure } from '../report/benchmark.ts'
import { median } from '../report/median.ts'
import { cpuMicrosOf } from './bench-process.ts'
import type { LoadOrder, LoadResult } from './load-order.ts'

export type Contender = {
  name: string
  /** Whose processor time is measured; undefined where several processes serve. */
  pid: number | undefined
  order: Omit<LoadOrder, 'seconds' | 'warmupSeconds'>
}

export type Measured = Figure & { rounds: { requestsPerSecond: number; p99Ms: number }[] }

/** What a process needs until its hot code is compiled, on a slow core. */
const coldSeconds = 4

/**
 * Every contender in every round, each round beginning with another one: what else the machine does meanwhile
 * falls on all of them.
 */
export async function interleave(
  contenders: readonly Contender[],
  load: { run(order: LoadOrder): Promise<LoadResult> },
  options: { seconds: number; rounds: number; say(line: string): void },
): Promise<Map<string, Measured>> {
  options.say(`warming up ${contenders.length} contenders`)
  for (const { order } of contenders) await load.run({ ...order, warmupSeconds: 0, seconds: coldSeconds })
  const samples = new Map<string, (LoadResult & { cpu: number | undefined })[]>()
  for (let round = 0; round < options.rounds; round++) {
    options.say(`round ${round + 1} of ${options.rounds}`)
    for (let index = 0; index < contenders.length; index++) {
      const { name, pid, order } = contenders[(index + round) % contenders.length]!
      const before = pid === undefined ? undefined : cpuMicrosOf(pid)
      const result = await load.run({ ...order, warmupSeconds: 0.4, seconds: options.seconds })
      const after = pid === undefined ? undefined : cpuMicrosOf(pid)
      // The warm-up is part of the time that is measured outside; requests are taken to come evenly.
      const share = options.seconds / (options.seconds + 0.4)
      const cpu =
        before === undefined || after === undefined ? undefined : ((after - before) * share) / result.requests
      samples.set(name, [...(samples.get(name) ?? []), { ...result, cpu }])
    }
  }
  return new Map([...samples].map(([name, results]) => [name, summarise(name, results)]))
}

/** The median over the rounds of a figure of one contender divided by the same figure of another. */
export function ratio(
  one: Measured | undefined,
  other: Measured | undefined,
  figure: 'requestsPerSecond' | 'p99Ms' = 'requestsPerSecond',
): number {
  if (one === undefined || other === undefined) return Number.NaN
  return median(one.rounds.map((round, index) => round[figure] / other.rounds[index]![figure]))
}

function summarise(name: string, results: readonly (LoadResult & { cpu: number | undefined })[]): Measured {
  const cpu = results.map(result => result.cpu).filter(value => value !== undefined)
  return {
    name,
    requestsPerSecond: median(results.map(({ requests, seconds }) => requests / seconds)),
    p50Ms: median(results.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(results.map(({ p99Ms }) => p99Ms)),
    errors: results.reduce((sum, { errors }) => sum + errors, 0),
    cpuMicros: cpu.length === 0 ? undefined : median(cpu),
    rounds: results.map(({ requests, seconds, p99Ms }) => ({ requestsPerSecond: requests / seconds, p99Ms })),
  }
}
