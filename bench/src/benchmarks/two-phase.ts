import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '@strangler/stack/free-ports.ts'
import { type Mariadb, startMariadb } from '@strangler/stack/mariadb.ts'
import { createConnection } from 'mysql2/promise'
import {
  countInDoubt,
  createTables,
  type Databases,
  failCoordinator,
  placeCalmly,
  rollBackInDoubt,
  type Style,
  startCoordinator,
} from '../peers/failing-coordinator.ts'
import type { Benchmark, Figure } from '../report/benchmark.ts'

const password = 'a-password-of-the-experiment'
const watchMs = 5_000

/** Orders over two MariaDB servers, by two-phase commit and by saga: in calm, and when the coordinator is killed. */
export const benchmark: Benchmark = async ({ seconds, rounds, say }) => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-two-phase-'))
  const ending: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  try {
    const ports = await freePorts(2)
    const servers: Mariadb[] = []
    for (const [index, port] of ports.entries()) {
      say(`starting MariaDB ${index + 1} of 2`)
      servers.push(await startMariadb(join(folder, String(index)), port, password))
      ending.push(() => servers[index]!.stop())
    }
    const [left, right] = servers.map(server => new URL('/experiment', server.adminUrl).href)
    const databases: Databases = { left: left!, right: right! }
    for (const { adminUrl } of servers) await createSchema(adminUrl)
    await createTables(databases)

    const figures: Figure[] = []
    for (const style of ['two-phase', 'saga'] as const) {
      say(`${style}, calm`)
      figures.push(await calm(style, databases, seconds * rounds))
    }
    say('saga, coordinator killed')
    const saga = await failCoordinator('saga', databases, { orderId: 'lost', watchMs })
    say('two-phase, coordinator killed')
    const twoPhase = await failCoordinator('two-phase', databases, { orderId: 'lost', watchMs })
    say('two-phase, both servers started again')
    for (const [index, port] of ports.entries()) {
      await servers[index]!.stop()
      servers[index] = await startMariadb(join(folder, String(index)), port, password)
    }
    const afterRestart = await countInDoubt(databases)
    await rollBackInDoubt(databases)

    figures.push(
      bystanderFigure('saga, coordinator dead: a bystander', saga.bystanders),
      bystanderFigure('two-phase, coordinator dead: a bystander', twoPhase.bystanders),
    )
    const none = { op: '<=', bar: 0, unit: '' } as const
    return {
      figures,
      bars: [
        { name: 'saga: bystanders refused', value: saga.bystanders.refused, ...none },
        {
          name: 'saga: time until another process has ended the order',
          value: saga.recoveredMs ?? Number.POSITIVE_INFINITY,
          op: '<=',
          bar: 5_000,
          unit: ' ms',
        },
        { name: 'two-phase: bystanders served', value: twoPhase.bystanders.served, ...none },
        {
          name: 'two-phase: branches in doubt with another coordinator up',
          value: twoPhase.inDoubt,
          op: '>=',
          bar: 2,
          unit: '',
        },
        {
          name: 'two-phase: branches in doubt after both servers were started again',
          value: afterRestart,
          op: '>=',
          bar: 2,
          unit: '',
        },
      ],
      notes: [
        `calm: one order after the other for ${seconds * rounds} s, a row of credit on one server and a row of stock on the other`,
        `coordinator dead: killed with both sides prepared, or with credit taken and stock not; for ${watchMs / 1_000} s a bystander changes the row of stock, and waits 1 s for it at most`,
        'the bars say what the decision in docs/adr/004-no-two-phase-commit.md rests on; a missed one would be a reason to look at it again',
      ],
    }
  } finally {
    for (const end of ending.reverse()) await end()
  }
}

async function createSchema(adminUrl: string): Promise<void> {
  const connection = await createConnection({ uri: adminUrl })
  await connection.query('CREATE DATABASE experiment')
  await connection.end()
}

async function calm(style: Style, databases: Databases, seconds: number): Promise<Figure> {
  const coordinator = await startCoordinator(style, databases)
  try {
    await placeCalmly(coordinator, 'warm-', 300)
    const { times, tookMs } = await placeCalmly(coordinator, 'calm-', seconds * 1_000)
    return figureOf(`${style}, calm: an order`, times, tookMs, 0)
  } finally {
    await coordinator.close()
  }
}

function bystanderFigure(
  name: string,
  { served, refused, times }: { served: number; refused: number; times: number[] },
): Figure {
  return { ...figureOf(name, times, watchMs, refused), requestsPerSecond: served / (watchMs / 1_000) }
}

function figureOf(name: string, times: readonly number[], tookMs: number, errors: number): Figure {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return {
    name,
    requestsPerSecond: sorted.length / (tookMs / 1_000),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    errors,
    cpuMicros: undefined,
  }
}
