import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BenchProcess, startLoad, startProcess } from '../load/bench-process.ts'
import { type Contender, interleave, type Measured, ratio } from '../load/interleave.ts'
import { startLocalPeers } from '../peers/local-peers.ts'
import { envelopeRequests, pathRequests, type RouteFile, routeFile } from '../peers/route-file.ts'
import type { Bar, Benchmark, BenchmarkOptions, Figure } from '../report/benchmark.ts'

const proxyMain = join(import.meta.dirname, '../../../strangler-proxy/src/main.ts')
const peerMain = (name: string) => join(import.meta.dirname, `../peers/${name}-main.ts`)
const connections = 32
const mirrorRate = 400
const gigabyte = 1_073_741_824
/** Two workers, the upstream and the load generator, each on its own. */
const coresForTwo = 4

const names = {
  ours: 'strangler, 200 routes, canary',
  two: 'strangler, two workers',
  many: 'strangler, 10,000 routes, canary',
  soap: 'strangler, 2 KB envelope by operation',
  posted: 'strangler, 2 KB envelope by path',
  middleware: 'http-proxy-middleware 4 + express',
  undici: 'bare undici Pool.stream',
  mirrorOff: 'mirror off',
  mirrorDead: 'mirror on, shadow dead',
  mirrorStalled: 'mirror on, shadow stalled',
}

/** The proxy beside its peers, all in one run. */
export const benchmark: Benchmark = async options => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-proxy-'))
  const started: { close(): Promise<void> }[] = []
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    started.push(one)
    return one
  }
  try {
    const load = keep(await startLoad())
    const upstream = keep(await startProcess(peerMain('upstream'), []))
    const stalled = keep(await startProcess(peerMain('upstream'), ['stalled']))
    const url = String(upstream.ready.url)
    const proxy = async (file: Partial<RouteFile>, workers = 1): Promise<BenchProcess> => {
      const path = join(folder, `${started.length}.yaml`)
      await writeFile(
        path,
        routeFile({ legacy: url, extracted: url, routes: 200, stage: 'canary', sample: 0, ...file }),
      )
      const args = [
        'proxy',
        '--config',
        path,
        '--listen',
        '127.0.0.1:0',
        '--admin',
        '127.0.0.1:0',
        '--workers',
        String(workers),
      ]
      return keep(await startProcess(proxyMain, args, { STRANGLER_TOKEN: 'a-token-of-the-benchmark' }))
    }
    const ours = await proxy({})
    const many = await proxy({ routes: 10_000 })
    const middleware = keep(await startProcess(peerMain('http-proxy-middleware'), [url]))
    const undici = keep(await startProcess(peerMain('undici'), [url]))
    const { peers: local, missing } = await startLocalPeers(url)
    for (const peer of local) keep(peer)
    const two = await proxy({}, 2)

    const contender = (name: string, process: BenchProcess, requests: string[]): Contender => ({
      name,
      pid: process.pid,
      order: { port: portOf(process), requests, connections },
    })
    options.say(`throughput, ${connections} connections`)
    const fast = await interleave(
      [
        contender(names.ours, ours, pathRequests(200)),
        contender(names.many, many, pathRequests(10_000)),
        contender(names.soap, ours, envelopeRequests('/soap', 'Operation199')),
        contender(names.posted, ours, envelopeRequests('/api/resource-198/1', 'Operation199')),
        { ...contender(names.two, two, pathRequests(200)), pid: undefined },
        contender(names.middleware, middleware, pathRequests(200)),
        contender(names.undici, undici, pathRequests(200)),
        ...local.map(({ name, pid, port }) => ({
          name,
          pid,
          order: { port, requests: pathRequests(200), connections },
        })),
      ],
      load,
      options,
    )

    const shadow = { stage: 'shadow', sample: 1 } as const
    const paced = (name: string, process: BenchProcess): Contender => {
      const { pid, order } = contender(name, process, pathRequests(200))
      return { name, pid, order: { ...order, rate: mirrorRate } }
    }
    const mirrors = [
      paced(names.mirrorOff, await proxy({ ...shadow, sample: 0 })),
      paced(names.mirrorDead, await proxy({ ...shadow, extracted: 'http://127.0.0.1:9' })),
      paced(names.mirrorStalled, await proxy({ ...shadow, extracted: String(stalled.ready.url) })),
    ]
    options.say(`latency beside a mirror, ${mirrorRate} requests/s`)
    const calm = await interleave(mirrors, load, { ...options, seconds: Math.max(3, options.seconds) })
    const growth = await streamGrowth(ours, options)

    return {
      figures: [...fast.values(), ...calm.values()].map(({ rounds: _rounds, ...figure }): Figure => figure),
      bars: bars(fast, calm, growth),
      notes: [
        `medians of ${options.rounds} interleaved rounds of ${options.seconds} s, ${connections} keep-alive connections, 1.2 KB JSON; ratios are medians of the ratios within a round`,
        `mirror rows: ${mirrorRate} requests/s sent whether or not answers came, every read copied`,
        ...processorRatios(fast),
        ...missing.map(name => `${name} is not measured: no program of that name on PATH`),
      ],
    }
  } finally {
    await Promise.all(started.map(one => one.close()))
    await rm(folder, { recursive: true, force: true })
  }
}

function bars(fast: Map<string, Measured>, calm: Map<string, Measured>, growth: number | undefined): Bar[] {
  const at = (one: string, other: string) => ratio(fast.get(one), fast.get(other))
  const p99 = (one: string) => ratio(calm.get(one), calm.get(names.mirrorOff), 'p99Ms')
  const times = { unit: ' ×' }
  return [
    {
      name: 'against http-proxy-middleware',
      value: at(names.ours, names.middleware),
      op: '>=',
      bar: 1.8,
      ...times,
    },
    { name: 'against bare undici', value: at(names.ours, names.undici), op: '>=', bar: 0.85, ...times },
    {
      name: 'SOAP by operation against the same bytes by path',
      value: at(names.soap, names.posted),
      op: '>=',
      bar: 0.8,
      ...times,
    },
    {
      name: 'SOAP by operation against GET by path',
      value: at(names.soap, names.ours),
      op: '>=',
      bar: 0.8,
      ...times,
    },
    { name: '10,000 routes against 200', value: at(names.many, names.ours), op: '>=', bar: 0.95, ...times },
    { name: 'p99 with a dead shadow', value: p99(names.mirrorDead), op: '<=', bar: 1.2, ...times },
    { name: 'p99 with a stalled shadow', value: p99(names.mirrorStalled), op: '<=', bar: 1.2, ...times },
    {
      name: 'memory growth while streaming 1 GB',
      value: growth ?? Number.NaN,
      op: '<=',
      bar: 50,
      unit: ' MB',
      ...(growth === undefined ? { skipped: 'this system does not tell a process’s memory' } : {}),
    },
    {
      name: 'two workers against one',
      value: at(names.two, names.ours),
      op: '>=',
      bar: 1.5,
      unit: ' ×',
      ...(cpus().length < coresForTwo
        ? {
            skipped: `${at(names.two, names.ours).toFixed(2)} × on ${cpus().length} cores, which upstream and load share; ${coresForTwo} are needed to tell`,
          }
        : {}),
    },
  ]
}

/** What throughput does not tell on a machine with other work on it. */
function processorRatios(fast: Map<string, Measured>): string[] {
  const micros = (name: string) => fast.get(name)?.cpuMicros ?? Number.NaN
  const times = (one: string, other: string) => `${(micros(other) / micros(one)).toFixed(2)} ×`
  return [
    `by processor time per request: against http-proxy-middleware ${times(names.ours, names.middleware)}, against bare undici ${times(names.ours, names.undici)}, SOAP by operation against the same bytes by path ${times(names.soap, names.posted)}, 10,000 routes against 200 ${times(names.many, names.ours)}`,
  ]
}

/** How far memory rises over its start while 1 GB passes, in MB. */
async function streamGrowth(proxy: BenchProcess, { say }: BenchmarkOptions): Promise<number | undefined> {
  say('streaming 1 GB')
  const before = proxy.residentBytes()
  if (before === undefined) return undefined
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, proxy.residentBytes() ?? 0)
  }, 50)
  const received = await new Promise<number>((resolve, reject) => {
    let bytes = 0
    get(`http://127.0.0.1:${portOf(proxy)}/bytes/${gigabyte}`, reply => {
      reply.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      reply.on('end', () => resolve(bytes)).on('error', reject)
    }).on('error', reject)
  })
  clearInterval(watch)
  if (received !== gigabyte) throw new Error(`${received} bytes arrived instead of ${gigabyte}`)
  return (most - before) / 1_048_576
}

function portOf(process: BenchProcess): number {
  return Number(new URL(String(process.ready.url)).port)
}
