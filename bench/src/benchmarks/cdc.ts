import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { installControlTables } from '@strangler/migrations/data/control-tables.ts'
import { freePorts } from '@strangler/stack/free-ports.ts'
import { startConnect, startKafka } from '@strangler/stack/kafka.ts'
import { installKafkaJars, whatKafkaLacks } from '@strangler/stack/kafka-jars.ts'
import { startMariadb } from '@strangler/stack/mariadb.ts'
import { type Connection, createConnection } from 'mysql2/promise'
import { startProcess } from '../load/bench-process.ts'
import { createTables, databasesOf, insertRows } from '../peers/cdc-tables.ts'
import type { CdcTask } from '../peers/cdc-tasks.ts'
import type { Bar, Benchmark, BenchmarkOptions } from '../report/benchmark.ts'
import { median } from '../report/median.ts'

const root = dirname(dirname(dirname(import.meta.dirname)))
const peerMain = join(root, 'bench/src/peers/cdc-peer-main.ts')
const password = 'bench'
const rowsPerTransaction = 500
const lagPerSecond = 1_000
const lagSeconds = 4
const mega = 1024 * 1024
/** As the engine is run: what lives is far less, and without a bound V8 lets garbage lie as long as memory is there. */
const smallHeap = '--max-old-space-size=64 --max-semi-space-size=8'

/** What a contender took, and the most memory it held. */
type Taken = { ms: number; residentMb: number; answer: Record<string, number> }
type Bench = {
  admin: Connection
  adminUrl: string
  rows: number
  options: BenchmarkOptions
  /** Each runs in a new process. */
  run(task: CdcTask, kafka?: readonly string[]): Promise<Taken>
}

/**
 * Change data capture beside what it is made of (a bare zongji loop), what it replaces (Debezium over Kafka, with the same
 * applier) and what a copy is usually made with (mariadb-dump), all on one database of its own.
 */
export const benchmark: Benchmark = async options => {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-bench-cdc-'))
  const [port] = (await freePorts(1)) as [number]
  const mariadb = await startMariadb(join(folder, 'mariadb'), port, password)
  const admin = await createConnection({ uri: mariadb.adminUrl, multipleStatements: true })
  const rows = options.rows ?? 200_000
  const bench: Bench = { admin, adminUrl: mariadb.adminUrl, rows, options, run: runner(mariadb.adminUrl) }
  try {
    await admin.query('CREATE DATABASE old; CREATE DATABASE new; CREATE DATABASE control')
    await installControlTables(databasesOf(mariadb.adminUrl).legacy)
    await admin.query(createTables)
    const begin = await position(admin)
    options.say(`${rows} rows in transactions of ${rowsPerTransaction}`)
    for (let first = 1; first <= rows; first += rowsPerTransaction)
      await admin.query(insertRows(first, Math.min(rowsPerTransaction, rows - first + 1)))
    const follow = await measureFollow(bench, begin)
    const big = await measureBigTransaction(bench)
    const copy = await measureCopy(bench, join(folder, 'mariadb', 'mariadbd.sock'))
    options.say('verify')
    const verified = await bench.run({ task: 'verify' })
    options.say('lag')
    const lag = await bench.run(lagTask(50))
    const debezium = await measureDebezium(bench, folder)
    const perSecond = (ms: number) => (rows / ms) * 1_000
    return {
      figures: [],
      bars: [
        atLeast('sync, rows/s', perSecond(follow.sync.ms), 60_000),
        atLeast('sync against a bare zongji loop', follow.bareMs / follow.sync.ms, 0.6),
        ...debezium.bars(follow.sync.ms),
        atLeast('copy against mariadb-dump | mariadb', copy.dumpMs / copy.ours.ms, 1),
        atLeast('verify, rows/s', perSecond(verified.ms), 150_000),
        atMost(`lag p99 at ${lagPerSecond} transactions/s`, lag.answer.p99Ms!, 30, ' ms'),
        atMost(`memory over ${rows} rows`, follow.sync.residentMb, 200, ' MB'),
        atMost(`memory over one transaction of ${big.rows} rows`, big.residentMb, 200, ' MB'),
        atMost(`memory of a copy of ${rows} rows`, copy.ours.residentMb, 200, ' MB'),
      ],
      notes: [
        `rows/s: sync ${perSecond(follow.sync.ms).toFixed(0)}, bare zongji loop ${perSecond(follow.bareMs).toFixed(0)}, copy ${perSecond(copy.ours.ms).toFixed(0)}, bare copy loop ${perSecond(copy.bareMs).toFixed(0)}, mariadb-dump | mariadb ${perSecond(copy.dumpMs).toFixed(0)}, verify ${perSecond(verified.ms).toFixed(0)}, one transaction of ${big.rows} rows ${((big.rows / big.ms) * 1_000).toFixed(0)}`,
        `lag of the embedded source at ${lag.answer.perSecond!.toFixed(0)} transactions/s: p50 ${lag.answer.p50Ms!.toFixed(1)}, p99 ${lag.answer.p99Ms!.toFixed(1)}, max ${lag.answer.maxMs!.toFixed(1)} ms, writers and applier in one process`,
        ...debezium.notes,
        `${rows} rows (--rows N), medians of ${turns(options)} turns for sync, bare loop and copies; memory is the most that a process was seen to hold, all contenders run with ${smallHeap}`,
      ],
    }
  } finally {
    await admin.end()
    await mariadb.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const lagTask = (epoch: number): CdcTask => ({
  task: 'lag',
  perSecond: lagPerSecond,
  seconds: lagSeconds,
  epoch,
  firstId: 100_000_000 + epoch * 1_000_000,
})

const turns = ({ rounds }: BenchmarkOptions) => Math.min(rounds, 3)

async function measureFollow({ admin, options, rows, run }: Bench, from: string) {
  const until = await position(admin)
  const [ours, bare]: [Taken[], number[]] = [[], []]
  for (let turn = 1; turn <= turns(options); turn++) {
    options.say(`sync and bare loop, turn ${turn}`)
    await admin.query('TRUNCATE new.items')
    ours.push(await run({ task: 'follow', from, until, epoch: turn, rows }))
    await admin.query('TRUNCATE new.items')
    bare.push((await run({ task: 'follow bare', from, until, epoch: turn, rows })).ms)
    await expectRows(admin, rows)
  }
  return { sync: middle(ours), bareMs: median(bare) }
}

async function measureBigTransaction({ admin, options, rows, run }: Bench) {
  const size = Math.min(rows, 1_000_000)
  options.say(`one transaction of ${size} rows`)
  const from = await position(admin)
  await admin.query(insertRows(50_000_001, size))
  const until = await position(admin)
  const taken = await run({ task: 'follow', from, until, epoch: 40, rows: size })
  await admin.query(
    'DELETE FROM old.ITEM WHERE ITEM_NO > 50000000; DELETE FROM new.items WHERE id > 50000000',
  )
  return { ...taken, rows: size }
}

async function measureCopy({ admin, options, rows, run }: Bench, socket: string) {
  const [ours, bare, dump]: [Taken[], number[], number[]] = [[], [], []]
  const empty = () => admin.query('TRUNCATE new.items; DELETE FROM control.backfill')
  for (let turn = 1; turn <= turns(options); turn++) {
    options.say(`copies, turn ${turn}`)
    await admin.query('DROP DATABASE IF EXISTS dumped; CREATE DATABASE dumped')
    dump.push(await pipeDump(socket))
    await empty()
    bare.push((await run({ task: 'copy bare' })).ms)
    await empty()
    ours.push(await run({ task: 'copy' }))
    await expectRows(admin, rows)
  }
  await admin.query('DROP DATABASE dumped')
  return { ours: middle(ours), bareMs: median(bare), dumpMs: median(dump) }
}

async function measureDebezium({ admin, adminUrl, options, rows, run }: Bench, folder: string) {
  const bars = [
    ['sync against Debezium, Kafka and the same applier', '>=', 4, ''],
    [`lag p99 over Debezium at ${lagPerSecond} transactions/s`, '<=', 150, ' ms'],
  ] as const
  const lacking = await whatKafkaLacks()
  if (lacking !== undefined)
    return {
      bars: () =>
        bars.map(([name, op, bar, unit]): Bar => ({ name, op, bar, unit, value: 0, skipped: lacking })),
      notes: [],
    }
  options.say('Kafka, Connect and Debezium')
  const jars = await installKafkaJars(join(root, '.strangler', 'kafka'))
  const [broker, controller, rest] = (await freePorts(3)) as [number, number, number]
  const kafka = await startKafka(join(folder, 'broker'), { broker, controller }, jars, options.env)
  const { bootstrapServers } = kafka
  const secrets = { STRANGLER_DB_OLD_PASSWORD: password }
  const connect = await startConnect(
    join(folder, 'connect'),
    { port: rest, bootstrapServers, secrets },
    jars,
    options.env,
  )
  try {
    const ends = [adminUrl, bootstrapServers, connect.url]
    await run({ task: 'ready' }, ends)
    const from = await position(admin)
    const most = Math.min(rows, 200_000)
    for (let first = 60_000_001; first <= 60_000_000 + most; first += rowsPerTransaction)
      await admin.query(insertRows(first, rowsPerTransaction))
    const until = await position(admin)
    options.say('sync over Debezium')
    // the connector has sent some of it by now, which flatters it
    const follow = await run({ task: 'follow', from, until, epoch: 60, rows: most }, ends)
    options.say('lag over Debezium')
    const lag = await run(lagTask(70), ends)
    const perSecond = (most / follow.ms) * 1_000
    return {
      bars: (syncMs: number): Bar[] => [
        { name: bars[0][0], op: '>=', bar: 4, unit: '', value: rows / syncMs / (most / follow.ms) },
        { name: bars[1][0], op: '<=', bar: 150, unit: ' ms', value: lag.answer.p99Ms! },
      ],
      notes: [
        `over Debezium: ${perSecond.toFixed(0)} rows/s, lag p50 ${lag.answer.p50Ms!.toFixed(1)}, p99 ${lag.answer.p99Ms!.toFixed(1)}, max ${lag.answer.maxMs!.toFixed(1)} ms; memory ${follow.residentMb.toFixed(0)} MB`,
      ],
    }
  } finally {
    await connect.stop()
    await kafka.stop()
  }
}

/** @param adminUrl of the database; an order may have Kafka's ends besides */
function runner(adminUrl: string) {
  return async (task: CdcTask, ends: readonly string[] = [adminUrl]): Promise<Taken> => {
    const peer = await startProcess(peerMain, ends, { NODE_OPTIONS: smallHeap })
    let most = 0
    const look = () => {
      most = Math.max(most, peer.residentBytes() ?? 0)
    }
    const looking = setInterval(look, 20)
    try {
      const answer = JSON.parse(await peer.exchange(JSON.stringify(task))) as Record<string, number>
      look()
      return { ms: answer.ms ?? 0, residentMb: most / mega, answer }
    } finally {
      clearInterval(looking)
      await peer.close()
    }
  }
}

async function pipeDump(socket: string): Promise<number> {
  const began = performance.now()
  const login = `--no-defaults --socket=${socket} --user=root --password=${password}`
  const child = spawn('sh', ['-c', `mariadb-dump ${login} old ITEM | mariadb ${login} dumped`], {
    stdio: 'inherit',
  })
  const code = await new Promise(resolve => child.on('exit', resolve))
  if (code !== 0) throw new Error(`mariadb-dump | mariadb ended with ${code}`)
  return performance.now() - began
}

async function position(admin: Connection): Promise<string> {
  const [rows] = await admin.query('SELECT @@GLOBAL.gtid_binlog_pos AS position')
  return (rows as { position: string }[])[0]!.position
}

async function expectRows(admin: Connection, wanted: number): Promise<void> {
  const [rows] = await admin.query('SELECT COUNT(*) AS found FROM new.items')
  const { found } = (rows as { found: number }[])[0]!
  if (found !== wanted) throw new Error(`${found} rows were applied, not ${wanted}`)
}

/** The one in the middle by time, with the most memory of all. */
function middle(taken: readonly Taken[]): Taken {
  const sorted = taken.toSorted((a, b) => a.ms - b.ms)
  const residentMb = Math.max(...taken.map(one => one.residentMb))
  return { ...sorted[Math.floor(sorted.length / 2)]!, residentMb }
}

function atLeast(name: string, value: number, bar: number): Bar {
  return { name, value, op: '>=', bar, unit: '' }
}

function atMost(name: string, value: number, bar: number, unit: string): Bar {
  return { name, value, op: '<=', bar, unit }
}
