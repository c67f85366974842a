import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { freePorts } from '@strangler/stack/free-ports.ts'
import { startKafka } from '@strangler/stack/kafka.ts'
import { startMariadb } from '@strangler/stack/mariadb.ts'
import { type OrderShop, type OrderShopOptions, startOrderShop } from '../peers/order-shop.ts'
import type { Bar, Benchmark, Figure } from '../report/benchmark.ts'
import { median } from '../report/median.ts'

const kafkaFolder = join(import.meta.dirname, '../../../.strangler/kafka')
const [several, one] = [16, 1]

type Placed = { ms: number; confirmed: boolean }
type Measured = Figure & { name: string }

/** Orders from their request to their decision, through the proxy: both saga styles on both brokers. */
export const benchmark: Benchmark = async options => {
  const { seconds, rounds, say } = options
  const folder = await mkdtemp(join(tmpdir(), 'bench-orders-'))
  const ending: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  try {
    const [mariadbPort, brokerPort, controllerPort] = (await freePorts(3)) as [number, number, number]
    say('starting MariaDB')
    const mariadb = await startMariadb(join(folder, 'mariadb'), mariadbPort, 'a-password-of-the-benchmark')
    ending.push(mariadb.stop)
    const kafka = existsSync(join(kafkaFolder, 'installed'))
      ? await kafkaOf(folder, { broker: brokerPort, controller: controllerPort }, say)
      : undefined
    if (kafka !== undefined) ending.push(kafka.stop)

    const figures: Measured[] = []
    for (const broker of kafka === undefined ? (['embedded'] as const) : (['embedded', 'kafka'] as const))
      for (const sagaStyle of ['orchestration', 'choreography'] as const) {
        const name = `${sagaStyle}, ${broker}`
        say(name)
        const shopOptions: OrderShopOptions = {
          adminUrl: mariadb.adminUrl,
          folder,
          name: `${sagaStyle}-${broker}`,
          sagaStyle,
          kafka: broker === 'kafka' ? kafka?.bootstrapServers : undefined,
        }
        const shop = await startOrderShop(shopOptions)
        try {
          await placeFor(shop, 1, several)
          figures.push(await measure(shop, `${name}, ${one} at a time`, seconds, rounds, one))
          figures.push(await measure(shop, `${name}, ${several} at a time`, seconds, rounds, several))
        } finally {
          await shop.close()
        }
      }
    return {
      figures,
      bars: figures.flatMap(barsOf),
      notes: [
        `medians of ${rounds} rounds of ${seconds} s; a request is an order of two lines, from POST /orders with Prefer: wait to its confirmation; errors are orders that were not confirmed`,
        'everything is on this machine: proxy, three services, MariaDB and, for its lines, Kafka; cpu is that of proxy and services',
        ...(kafka === undefined ? ['Kafka is measured where its jars are: npm run kafka'] : []),
      ],
    }
  } finally {
    for (const end of ending.reverse()) await end()
  }
}

function kafkaOf(folder: string, ports: { broker: number; controller: number }, say: (line: string) => void) {
  say('starting Kafka')
  const jars = { libs: join(kafkaFolder, 'libs'), plugins: join(kafkaFolder, 'plugins') }
  return startKafka(join(folder, 'kafka'), ports, jars, env)
}

async function measure(
  shop: OrderShop,
  name: string,
  seconds: number,
  rounds: number,
  atOnce: number,
): Promise<Measured> {
  const runs: { perSecond: number; p50: number; p99: number; errors: number; cpu: number | undefined }[] = []
  for (let round = 0; round < rounds; round++) {
    const before = shop.cpuMicros()
    const began = performance.now()
    const placed = await placeFor(shop, seconds, atOnce)
    const took = (performance.now() - began) / 1_000
    const after = shop.cpuMicros()
    const times = placed.map(({ ms }) => ms).sort((a, b) => a - b)
    runs.push({
      perSecond: placed.length / took,
      p50: at(times, 0.5),
      p99: at(times, 0.99),
      errors: placed.filter(({ confirmed }) => !confirmed).length,
      cpu: before === undefined || after === undefined ? undefined : (after - before) / placed.length,
    })
  }
  const cpu = runs.flatMap(run => run.cpu ?? [])
  return {
    name,
    requestsPerSecond: median(runs.map(run => run.perSecond)),
    p50Ms: median(runs.map(run => run.p50)),
    p99Ms: median(runs.map(run => run.p99)),
    errors: runs.reduce((sum, run) => sum + run.errors, 0),
    cpuMicros: cpu.length === 0 ? undefined : median(cpu),
  }
}

/** `atOnce` clients, each of which places its next order when the last one is decided. */
async function placeFor(shop: OrderShop, seconds: number, atOnce: number): Promise<Placed[]> {
  const until = performance.now() + seconds * 1_000
  const clients = Array.from({ length: atOnce }, async (_, client) => {
    const placed: Placed[] = []
    for (let n = client; performance.now() < until; n += atOnce) placed.push(await place(shop, n))
    return placed
  })
  return (await Promise.all(clients)).flat()
}

async function place({ url, customers, skus }: OrderShop, n: number): Promise<Placed> {
  const began = performance.now()
  const answer = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=10' },
    body: JSON.stringify({
      customerId: customers[n % customers.length],
      lines: [n, n + 7].map(each => ({ sku: skus[each % skus.length], quantity: 1 })),
    }),
  })
  const { status } = (await answer.json()) as { status?: string }
  return { ms: performance.now() - began, confirmed: status === 'CONFIRMED' }
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** An order that nothing stands in the way of is decided while its customer looks on, and none is left undecided. */
function barsOf({ name, p50Ms, errors }: Measured): Bar[] {
  const confirmed: Bar = { name: `${name}: orders not confirmed`, value: errors, op: '<=', bar: 0, unit: '' }
  if (!name.endsWith(`${one} at a time`)) return [confirmed]
  return [confirmed, { name: `${name}: p50`, value: p50Ms, op: '<=', bar: 250, unit: ' ms' }]
}
