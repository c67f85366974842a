import { setTimeout as delay } from 'node:timers/promises'
import { createRandom } from '@strangler/migrations/drill/random.ts'
import { type Calamity, calamities, drawCalamity } from '../drills/calamities.ts'
import { openOutsideLoad } from '../drills/outside-load.ts'
import type { Benchmark } from '../report/benchmark.ts'
import { median } from '../report/median.ts'
import { type BenchSystem, startBenchSystem } from '../system/bench-system.ts'

const customers = 2_000
const writesPerSecond = 60
const atRestWithinMs = 120_000

type Round = { calamity: string; action: string; restMs: number; ended: string }

/**
 * `npm run bench -- drills --minutes 15 [--seed N]`: cutovers and rollbacks in turn, each with something that goes wrong at a
 * place drawn from the seed, under writes whose ledger is kept outside the system; at the end the databases are held
 * against it.
 */
export const benchmark: Benchmark = async options => {
  const { seconds, say } = options
  const seed = options.seed ?? Date.now() % 1_000_000_007
  const random = createRandom(seed)
  say(`seed ${seed}; starting the system`)
  const system = await startBenchSystem(customers)
  try {
    const rehearsal = await openOutsideLoad(system, 'before', writesPerSecond, seed)
    await system.done('run', { to: 'shadow' })
    await rehearsal.stop()
    const load = await openOutsideLoad(system, `drills-${seed}`, writesPerSecond, seed)
    const rounds: Round[] = []
    const until = performance.now() + seconds * 1_000
    let unrested = 0
    while (performance.now() < until && unrested === 0) {
      const action = (await ownerOf(system)) === 'legacy' ? 'cutover' : 'rollback'
      const calamity = drawCalamity(action, random)
      const round = await oneRound(system, action, calamity)
      rounds.push(round)
      unrested += round.ended === 'not at rest' ? 1 : 0
      say(
        `${rounds.length}. ${action} with ${calamity.name}: ${round.ended} after ${Math.round(round.restMs)} ms`,
      )
    }
    await load.stop()
    const proof = await load.proof()
    const count = (name: string, value: number) => ({ name, value, op: '<=', bar: 0, unit: '' }) as const
    return {
      figures: [],
      bars: [
        count('lost acknowledged writes', proof.lost.length),
        count('duplicated writes', proof.duplicated.length),
        count('writes on one side only', proof.apart.length),
        count('writes out of the order of their key', proof.broken.length),
        count('rounds that did not come to rest', unrested),
        { name: 'rounds', value: rounds.length, op: '>=', bar: 1, unit: '' },
        { name: 'acknowledged writes', value: proof.acknowledged, op: '>=', bar: 1, unit: '' },
      ],
      notes: [
        `seed ${seed}: ${rounds.length} switches in ${Math.round(seconds)} s, ${proof.acknowledged} writes acknowledged, ${proof.unknown} without an answer (${proof.unknownApplied} of them applied), ${load.failed()} refused or failed`,
        `at rest again after ${Math.round(median(rounds.map(({ restMs }) => restMs)))} ms (median), ${Math.round(Math.max(...rounds.map(({ restMs }) => restMs)))} ms at most`,
        `what went wrong: ${tally(rounds.map(({ calamity }) => calamity))}`,
        `how the switches ended: ${tally(rounds.map(({ ended }) => ended))}`,
        `${load.staleReads()} reads lacked a write of their caller; a proxy that is killed forgets whom it kept on the write owner`,
        ...[...proof.lost, ...proof.duplicated, ...proof.apart, ...proof.broken]
          .slice(0, 10)
          .map(token => `look at ${token}`),
        ...(unrested === 0 ? [] : [`state of the system: ${JSON.stringify(await system.status())}`]),
      ],
    }
  } finally {
    await system.close()
  }
}

async function oneRound(
  system: BenchSystem,
  action: 'cutover' | 'rollback',
  calamity: Calamity,
): Promise<Round> {
  const began = performance.now()
  const body = action === 'cutover' ? { force: true, reason: 'a drill that goes wrong' } : {}
  const asked = calamities(system, calamity)
  const switched = system.verb(action, { ...body, ...asked.body })
  await asked.during()
  const end = await switched
  const owner = await untilAtRest(system)
  const ended =
    owner === undefined
      ? 'not at rest'
      : end === undefined
        ? `engine gone, ${owner} owns`
        : end.exit === 0
          ? 'done'
          : end.exit === 3
            ? `refused (${codes(end.result)})`
            : `${String(end.result.code ?? 'failed')}, ${owner} owns`
  return { calamity: calamity.name, action, restMs: performance.now() - began, ended }
}

function codes(result: Record<string, unknown>): string {
  return ((result.refusals ?? []) as { code: string }[]).map(({ code }) => code).join(', ')
}

async function ownerOf(system: BenchSystem): Promise<string> {
  for (;;) {
    const owner = (await system.status())?.owner
    if (typeof owner === 'string') return owner
    await delay(200)
  }
}

/** Nothing held, no run under way, the sync away from the owner running. @returns the owner; undefined where it takes too long */
async function untilAtRest(system: BenchSystem): Promise<string | undefined> {
  const until = performance.now() + atRestWithinMs
  while (performance.now() < until) {
    const status = await system.status()
    const sync = status?.sync as { running?: boolean } | null | undefined
    const rests = status?.phase === 'syncing' && status.hold === null && sync?.running === true
    if (rests && status.writes === status.owner) return String(status.owner)
    await delay(250)
  }
  return undefined
}

function tally(names: readonly string[]): string {
  return [...Map.groupBy(names, name => name)]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([name, all]) => `${all.length} × ${name}`)
    .join(', ')
}
